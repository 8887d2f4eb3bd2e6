import { bind } from './loader.js';
import type { NTSTATUS } from './ntstatus.js';

/** A handle of NT: a small number, 0 for none. NT reuses the value of a closed handle. */
export type HANDLE = number;

/** An address from {@link NativeMemory}, or 0 for none. */
export type Address = number;

/** A pointer-sized value that NT passes through without interpreting it. */
export type PointerSized = number | bigint;

/**
 * Creates an I/O completion port.
 *
 * @param IoCompletionHandle address of 8 bytes; NT stores the handle there before it returns.
 * @param DesiredAccess IO_COMPLETION_ALL_ACCESS.
 * @param ObjectAttributes 0.
 * @param NumberOfConcurrentThreads 0 for as many as there are processors. Wine ignores it.
 */
export const NtCreateIoCompletion: (
  IoCompletionHandle: Address,
  DesiredAccess: number,
  ObjectAttributes: Address,
  NumberOfConcurrentThreads: number,
) => NTSTATUS = bind('NtCreateIoCompletion');

/** Posts a packet to a port. All four values come out of NtRemoveIoCompletionEx unchanged. */
export const NtSetIoCompletion: (
  IoCompletionHandle: HANDLE,
  KeyContext: PointerSized,
  ApcContext: PointerSized,
  IoStatus: NTSTATUS,
  IoStatusInformation: PointerSized,
) => NTSTATUS = bind('NtSetIoCompletion');

/**
 * Waits for packets and takes up to `Count` of them off the port. Blocks the calling thread.
 *
 * @param IoCompletionInformation address of `Count` FILE_IO_COMPLETION_INFORMATION, 32 bytes each.
 * @param NumEntriesRemoved address of 4 bytes. Meaningful only if the status is STATUS_SUCCESS:
 *   Wine stores 1 there on a time-out, too.
 * @param Timeout address of a LARGE_INTEGER in 100 ns, negative from now; 0 waits for ever.
 * @param Alertable 1 lets an APC end the wait with STATUS_USER_APC.
 * @returns STATUS_SUCCESS; or one of the success codes with which no packet was removed:
 *   STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ALERTED; or an error.
 */
export const NtRemoveIoCompletionEx: (
  IoCompletionHandle: HANDLE,
  IoCompletionInformation: Address,
  Count: number,
  NumEntriesRemoved: Address,
  Timeout: Address,
  Alertable: number,
) => NTSTATUS = bind('NtRemoveIoCompletionEx');

/**
 * Sends a request to a driver. For IOCTL_AFD_POLL the kernel owns the memory of `IoStatusBlock`,
 * `InputBuffer` and `OutputBuffer` from this call until the request has ended. It has ended when
 * `IoStatusBlock.Status`, which the caller set to STATUS_PENDING, has changed, and the packet, if
 * one is due, was removed from the port. A set event does not prove that the request has ended,
 * because any code with a handle can set the event.
 *
 * @param Event the handle of an event that the kernel sets when the request ends, or 0.
 * @param ApcRoutine 0.
 * @param ApcContext what the packet carries. 0 means: post no packet.
 * @returns STATUS_PENDING; STATUS_SUCCESS when the request is already complete (the kernel still
 *   posts its packet, unless the file has FILE_SKIP_COMPLETION_PORT_ON_SUCCESS); an error
 *   (`isNtError`) when NT refused the request, and no packet will arrive.
 */
export const NtDeviceIoControlFile: (
  FileHandle: HANDLE,
  Event: HANDLE,
  ApcRoutine: Address,
  ApcContext: PointerSized,
  IoStatusBlock: Address,
  IoControlCode: number,
  InputBuffer: Address,
  InputBufferLength: number,
  OutputBuffer: Address,
  OutputBufferLength: number,
) => NTSTATUS = bind('NtDeviceIoControlFile');

/**
 * Asks the kernel to end a request early. The request still completes: with STATUS_CANCELLED, or
 * with its own status if it completed first. The kernel owns the request's memory until then.
 *
 * @param IoRequestToCancel the IoStatusBlock of the request; 0 means every request that this
 *   process has pending on the file.
 * @param IoStatusBlock address of 16 bytes; used only during this call.
 * @returns STATUS_SUCCESS; STATUS_NOT_FOUND when the request is already complete, which is not a
 *   fault.
 */
export const NtCancelIoFileEx: (
  FileHandle: HANDLE,
  IoRequestToCancel: Address,
  IoStatusBlock: Address,
) => NTSTATUS = bind('NtCancelIoFileEx');

/**
 * Asks the kernel to end every request that the calling thread has pending on a file. Each request
 * completes with a packet of its own, as after NtCancelIoFileEx.
 *
 * @param IoStatusBlock address of 16 bytes; used only during this call.
 */
export const NtCancelIoFile: (FileHandle: HANDLE, IoStatusBlock: Address) => NTSTATUS =
  bind('NtCancelIoFile');

/**
 * Opens a file or a device. `\\Device\\Afd\\Name` opens the socket driver.
 *
 * @param FileHandle address of 8 bytes where NT stores the handle.
 * @param ObjectAttributes address of an OBJECT_ATTRIBUTES with the name.
 */
export const NtCreateFile: (
  FileHandle: Address,
  DesiredAccess: number,
  ObjectAttributes: Address,
  IoStatusBlock: Address,
  AllocationSize: Address,
  FileAttributes: number,
  ShareAccess: number,
  CreateDisposition: number,
  CreateOptions: number,
  EaBuffer: Address,
  EaLength: number,
) => NTSTATUS = bind('NtCreateFile');

/**
 * Sets a property of an open file. FileCompletionInformation associates the file with a port for
 * the file's life. FileIoCompletionNotificationInformation sets FILE_SKIP_* flags, which cannot be
 * reset.
 */
export const NtSetInformationFile: (
  FileHandle: HANDLE,
  IoStatusBlock: Address,
  FileInformation: Address,
  Length: number,
  FileInformationClass: number,
) => NTSTATUS = bind('NtSetInformationFile');

/** Stores how many packets are in a port's queue: IoCompletionBasicInformation, 4 bytes. */
export const NtQueryIoCompletion: (
  IoCompletionHandle: HANDLE,
  IoCompletionInformationClass: number,
  IoCompletionInformation: Address,
  IoCompletionInformationLength: number,
  ReturnLength: Address,
) => NTSTATUS = bind('NtQueryIoCompletion');

/** The pseudo-handle of the calling process (a macro in phnt's ntpsapi.h). */
export const NtCurrentProcess = (): HANDLE => -1;

/**
 * Makes a second handle to the same object, in this process or another one. Each handle must be
 * closed; the object lives until the last handle is closed.
 *
 * @param TargetHandle address of 8 bytes where NT stores the handle.
 * @param DesiredAccess the access rights of the new handle, such as IO_COMPLETION_ALL_ACCESS.
 */
export const NtDuplicateObject: (
  SourceProcessHandle: HANDLE,
  SourceHandle: HANDLE,
  TargetProcessHandle: HANDLE,
  TargetHandle: Address,
  DesiredAccess: number,
  HandleAttributes: number,
  Options: number,
) => NTSTATUS = bind('NtDuplicateObject');

/** Closes a handle. Closing a port does not wake a thread that waits on it under Wine 8. */
export const NtClose: (Handle: HANDLE) => NTSTATUS = bind('NtClose');
