/**
 * One AFD_POLL request. Its block is an IO_STATUS_BLOCK, followed by an AFD_POLL_INFO that is both
 * input and output. The kernel owns the block from {@link submitPoll} until the poll's packet was
 * removed from the port. During that time no other code may write to the block or free it.
 */
import {
  AFD_POLL_HANDLE_INFO,
  AFD_POLL_INFO,
  type HANDLE,
  INT64_MAX,
  IO_STATUS_BLOCK,
  IOCTL_AFD_POLL,
  isNtSuccess,
  type Kernel,
  type NativeMemory,
  type NTSTATUS,
  type PointerSized,
  STATUS_PENDING,
} from 'ntdllx';

/** The offset of the AFD_POLL_INFO in a block. */
export const pollInfoOffset = IO_STATUS_BLOCK.layout.size;

const [statusAt] = IO_STATUS_BLOCK.layout.fields.Status;
const info = AFD_POLL_INFO.layout.fields;
const entry = AFD_POLL_HANDLE_INFO.layout.fields;
const entryBytes = AFD_POLL_HANDLE_INFO.layout.size;
const firstEntry = pollInfoOffset + info.Handles[0];

/** How many bytes the block of a poll over this many sockets has. */
export function pollBlockBytes(handles: number): number {
  return pollInfoOffset + AFD_POLL_INFO.byteLength(handles);
}

/**
 * Writes the fields that are the same for every poll with this block: the time-out, by default
 * none, and "not exclusive".
 *
 * @param at the offset of the block in `memory`.
 */
export function writePollHeader(memory: NativeMemory, at: number, timeout = INT64_MAX): void {
  memory.writeI64(at + pollInfoOffset + info.Timeout[0], timeout);
  // All four bytes: an exclusive poll would end the other exclusive polls of the socket.
  memory.writeU32(at + pollInfoOffset + info.Exclusive[0], 0);
}

/** Writes one socket of a poll: its base handle, and the AFD_POLL_* bits to wait for. */
export function writePollHandle(
  memory: NativeMemory,
  at: number,
  index: number,
  handle: HANDLE,
  mask: number,
): void {
  const offset = at + firstEntry + index * entryBytes;
  memory.writePointer(offset + entry.Handle[0], handle);
  memory.writeU32(offset + entry.Events[0], mask);
  memory.writeU32(offset + entry.Status[0], 0);
}

/** Writes the fields to be set before each {@link submitPoll}: socket count and STATUS_PENDING. */
export function writePoll(memory: NativeMemory, at: number, handles: number): void {
  memory.writeU32(at + statusAt, STATUS_PENDING);
  memory.writeU32(at + pollInfoOffset + info.NumberOfHandles[0], handles);
}

/**
 * Submits a poll. The kernel owns the block from this call until the poll's packet was removed
 * from the port. If the call fails, or completes without a packet, the caller owns the block again
 * on return.
 *
 * @param file a handle to AFD, or a socket's base handle; associated with a port.
 * @param apcContext the ApcContext of the poll's packet. With 0 the kernel posts no packet.
 * @param address the address of the block.
 * @param infoAddress `address + pollInfoOffset`. A parameter, because computing it would allocate.
 * @param handles the number of sockets, as given to {@link writePoll}.
 * @returns STATUS_PENDING; STATUS_SUCCESS when the poll is already complete (the kernel still
 *   posts its packet, unless the file has FILE_SKIP_COMPLETION_PORT_ON_SUCCESS); an error when NT
 *   refused the poll, and no packet will arrive.
 */
export function submitPoll(
  kernel: Kernel,
  file: HANDLE,
  apcContext: PointerSized,
  address: number,
  infoAddress: number,
  handles: number,
): NTSTATUS {
  const bytes = AFD_POLL_INFO.byteLength(handles);
  return kernel.NtDeviceIoControlFile(
    file,
    0,
    0,
    apcContext,
    address,
    IOCTL_AFD_POLL,
    infoAddress,
    bytes,
    infoAddress,
    bytes,
  );
}

/**
 * Asks the kernel to end a poll early. The poll still posts its packet.
 *
 * @param file the handle on which the poll was submitted.
 * @param address the address of the poll's block; 0 for every poll of this process on that handle.
 * @param scratchAddress the address of 16 bytes; used only during this call.
 * @returns STATUS_SUCCESS; STATUS_NOT_FOUND when the poll is already complete, which is not a
 *   fault.
 */
export function cancelPoll(
  kernel: Kernel,
  file: HANDLE,
  address: number,
  scratchAddress: number,
): NTSTATUS {
  return kernel.NtCancelIoFileEx(file, address, scratchAddress);
}

/**
 * The poll's result; STATUS_PENDING until it completes. Read this before the rest of the output.
 */
export function pollStatus(memory: NativeMemory, at: number): NTSTATUS {
  return memory.readU32(at + statusAt);
}

/**
 * How many sockets a complete poll reports. Returns 0 unless Status is a success. Without a
 * success the block still contains the input, and every requested event would look as if it were
 * reported.
 */
export function reportedHandles(memory: NativeMemory, at: number): number {
  if (!isNtSuccess(pollStatus(memory, at))) return 0;
  return memory.readU32(at + pollInfoOffset + info.NumberOfHandles[0]);
}

/**
 * The handle of a reported socket. Only reported sockets are there, in the input's order (F12).
 */
export function reportedHandle(memory: NativeMemory, at: number, index: number): HANDLE {
  return memory.readPointer(at + firstEntry + index * entryBytes + entry.Handle[0]);
}

/** The AFD_POLL_* bits of a reported socket. */
export function reportedEvents(memory: NativeMemory, at: number, index: number): number {
  return memory.readU32(at + firstEntry + index * entryBytes + entry.Events[0]);
}

/** With AFD_POLL_CONNECT_FAIL the reason why the socket's connect failed; otherwise 0. */
export function reportedCause(memory: NativeMemory, at: number, index: number): NTSTATUS {
  return memory.readU32(at + firstEntry + index * entryBytes + entry.Status[0]);
}
