import { bind, isExported } from './loader.js';
import type { Address, HANDLE, PointerSized } from './ntdll.js';
import type { NTSTATUS } from './ntstatus.js';

/** Functions that some versions of Windows or Wine do not export. */
export const optionalFunctions = [
  'NtSetIoCompletionEx',
  'NtCreateWaitCompletionPacket',
  'NtAssociateWaitCompletionPacket',
  'NtCancelWaitCompletionPacket',
] as const;

/** The name of one of {@link optionalFunctions}. */
export type OptionalFunction = (typeof optionalFunctions)[number];

/**
 * Functions that the probe looks up and reports but that ntdllx never calls, with their DLL.
 * ProcessSocketNotifications is a documented call for readiness. Windows 11, Server 2022 and newer
 * have it (winsock2.h; unverified); Wine 8 and 10 do not.
 */
export const lookedUpFunctions = { ProcessSocketNotifications: 'ws2_32.dll' } as const;

/**
 * True if this host exports the function.
 *
 * @throws {HostError} if the host is not NT.
 */
export function isAvailable(name: OptionalFunction): boolean {
  return isExported(name);
}

/**
 * Posts a packet through a reserve object. Such a post cannot fail for lack of memory. Absent from
 * Wine 8.
 *
 * @throws {ExportError} if the host does not export it; check with {@link isAvailable} first.
 */
export const NtSetIoCompletionEx: (
  IoCompletionHandle: HANDLE,
  IoCompletionPacketHandle: HANDLE,
  KeyContext: PointerSized,
  ApcContext: PointerSized,
  IoStatus: NTSTATUS,
  IoStatusInformation: PointerSized,
) => NTSTATUS = bind('NtSetIoCompletionEx');

/**
 * Creates a wait completion packet: an object that posts a packet when another, waitable object is
 * signalled. Undocumented; according to phnt in Windows 8 and newer; absent from Wine 8 and 10.
 *
 * @throws {ExportError} if the host does not export it; check with {@link isAvailable} first.
 */
export const NtCreateWaitCompletionPacket: (
  WaitCompletionPacketHandle: Address,
  DesiredAccess: number,
  ObjectAttributes: Address,
) => NTSTATUS = bind('NtCreateWaitCompletionPacket');

/**
 * Arms a wait completion packet for one signal. See {@link NtCreateWaitCompletionPacket}.
 *
 * @param AlreadySignaled address of one byte. NT stores 1 there if it posted the packet at once.
 */
export const NtAssociateWaitCompletionPacket: (
  WaitCompletionPacketHandle: HANDLE,
  IoCompletionHandle: HANDLE,
  TargetObjectHandle: HANDLE,
  KeyContext: PointerSized,
  ApcContext: PointerSized,
  IoStatus: NTSTATUS,
  IoStatusInformation: PointerSized,
  AlreadySignaled: Address,
) => NTSTATUS = bind('NtAssociateWaitCompletionPacket');

/**
 * Disarms a wait completion packet. See {@link NtCreateWaitCompletionPacket}.
 *
 * @returns STATUS_PENDING if a packet will still arrive.
 */
export const NtCancelWaitCompletionPacket: (
  WaitCompletionPacketHandle: HANDLE,
  RemoveSignaledPacket: number,
) => NTSTATUS = bind('NtCancelWaitCompletionPacket');
