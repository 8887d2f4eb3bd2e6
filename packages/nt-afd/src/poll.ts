/**
 * One AFD_POLL. Its block is an IO_STATUS_BLOCK and, behind it, an AFD_POLL_INFO that is both input
 * and output. The block is the kernel's from {@link submitPoll} until its packet was removed from the
 * port; until then no other code writes to it or frees it.
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

/** Where the AFD_POLL_INFO of a block begins. */
export const pollInfoOffset = IO_STATUS_BLOCK.layout.size;

const [statusAt] = IO_STATUS_BLOCK.layout.fields.Status;
const info = AFD_POLL_INFO.layout.fields;
const entry = AFD_POLL_HANDLE_INFO.layout.fields;
const entryBytes = AFD_POLL_HANDLE_INFO.layout.size;
const firstEntry = pollInfoOffset + info.Handles[0];

/** How many bytes the block of a poll over so many sockets has. */
export function pollBlockBytes(handles: number): number {
  return pollInfoOffset + AFD_POLL_INFO.byteLength(handles);
}

/**
 * Writes what stays the same in every poll of a block: no limit of time, not exclusive.
 *
 * @param at where the block begins in `memory`.
 */
export function writePollHeader(memory: NativeMemory, at: number, timeout = INT64_MAX): void {
  memory.writeI64(at + pollInfoOffset + info.Timeout[0], timeout);
  // All four bytes: an exclusive poll would end the other exclusive polls of the socket.
  memory.writeU32(at + pollInfoOffset + info.Exclusive[0], 0);
}

/** Writes one socket of a poll: its base handle, and the AFD_POLL_* bits to ask for. */
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

/** Writes what each {@link submitPoll} needs anew: the number of sockets, and STATUS_PENDING. */
export function writePoll(memory: NativeMemory, at: number, handles: number): void {
  memory.writeU32(at + statusAt, STATUS_PENDING);
  memory.writeU32(at + pollInfoOffset + info.NumberOfHandles[0], handles);
}

/**
 * Submits a poll. The kernel owns the block from this call until its packet was removed from the
 * port; if the call fails, or completes without a packet, it is the caller's again on return.
 *
 * @param file a handle to AFD, or a socket's base handle; associated with a port.
 * @param apcContext what the packet will carry; 0 would mean: no packet.
 * @param address the address of the block.
 * @param infoAddress `address + pollInfoOffset`; a parameter because to compute it allocates.
 * @param handles how many sockets it is about, as given to {@link writePoll}.
 * @returns STATUS_PENDING; STATUS_SUCCESS when it is complete already, whose packet is posted all the
 *   same unless the file has FILE_SKIP_COMPLETION_PORT_ON_SUCCESS; an error when there is no poll and
 *   will be no packet.
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
 * Asks the kernel to end a poll early. Its packet comes all the same.
 *
 * @param file the handle that it was submitted on.
 * @param address of its block; 0 for every poll of this process on that handle.
 * @param scratchAddress 16 bytes, free again on return.
 * @returns STATUS_NOT_FOUND when it is complete already, which is ordinary.
 */
export function cancelPoll(
  kernel: Kernel,
  file: HANDLE,
  address: number,
  scratchAddress: number,
): NTSTATUS {
  return kernel.NtCancelIoFileEx(file, address, scratchAddress);
}

/** How a poll ended; STATUS_PENDING until then. Read before anything else of its output. */
export function pollStatus(memory: NativeMemory, at: number): NTSTATUS {
  return memory.readU32(at + statusAt);
}

/**
 * How many sockets a complete poll reports. Reads Status first and NumberOfHandles only after a
 * success: otherwise the output still is the input, as if everything asked for were true.
 */
export function reportedHandles(memory: NativeMemory, at: number): number {
  if (!isNtSuccess(pollStatus(memory, at))) return 0;
  return memory.readU32(at + pollInfoOffset + info.NumberOfHandles[0]);
}

/** The handle of a reported socket. The output is compacted, in the order of the input (F12). */
export function reportedHandle(memory: NativeMemory, at: number, index: number): HANDLE {
  return memory.readPointer(at + firstEntry + index * entryBytes + entry.Handle[0]);
}

/** The AFD_POLL_* bits of a reported socket. */
export function reportedEvents(memory: NativeMemory, at: number, index: number): number {
  return memory.readU32(at + firstEntry + index * entryBytes + entry.Events[0]);
}

/** Why the connect of a reported socket failed, with AFD_POLL_CONNECT_FAIL; otherwise 0. */
export function reportedCause(memory: NativeMemory, at: number, index: number): NTSTATUS {
  return memory.readU32(at + firstEntry + index * entryBytes + entry.Status[0]);
}
