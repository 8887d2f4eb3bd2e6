import { bind, isExported } from './loader.js';
import type { Address, HANDLE, PointerSized } from './ntdll.js';
import type { NTSTATUS } from './ntstatus.js';

/** Functions that not every Windows or Wine exports. They are looked up, never linked. */
export const optionalFunctions = [
  'NtSetIoCompletionEx',
  'NtCreateWaitCompletionPacket',
  'NtAssociateWaitCompletionPacket',
  'NtCancelWaitCompletionPacket',
] as const;

/** The name of one of {@link optionalFunctions}. */
export type OptionalFunction = (typeof optionalFunctions)[number];

/**
 * Functions that are looked up and reported, and that nothing here calls, with their DLL.
 * ProcessSocketNotifications: readiness by a documented call, Windows 11 and Server 2022 and newer
 * (winsock2.h; unverified), absent from Wine 8 and 10.
 */
export const lookedUpFunctions = { ProcessSocketNotifications: 'ws2_32.dll' } as const;

/**
 * True if this host exports the function.
 *
 * @throws {HostError} where there is no NT.
 */
export function isAvailable(name: OptionalFunction): boolean {
  return isExported(name);
}

/**
 * Posts a packet through a reserve object, which cannot run out of memory. Absent from Wine 8.
 *
 * @throws {ExportError} where it is not exported; ask {@link isAvailable} first.
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
 * Creates an object that posts a packet when a waitable object is signalled. Windows 8 and newer by
 * phnt, undocumented; absent from Wine 8 and 10.
 *
 * @throws {ExportError} where it is not exported; ask {@link isAvailable} first.
 */
export const NtCreateWaitCompletionPacket: (
  WaitCompletionPacketHandle: Address,
  DesiredAccess: number,
  ObjectAttributes: Address,
) => NTSTATUS = bind('NtCreateWaitCompletionPacket');

/**
 * Arms such an object, once. See {@link NtCreateWaitCompletionPacket}.
 *
 * @param AlreadySignaled address of one byte: 1 if the packet was posted at once.
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
 * Disarms such an object. See {@link NtCreateWaitCompletionPacket}.
 *
 * @returns STATUS_PENDING when a packet is on its way all the same.
 */
export const NtCancelWaitCompletionPacket: (
  WaitCompletionPacketHandle: HANDLE,
  RemoveSignaledPacket: number,
) => NTSTATUS = bind('NtCancelWaitCompletionPacket');
