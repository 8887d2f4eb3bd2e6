import {
  AFD_POLL_ACCEPT,
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  IO_COMPLETION_ALL_ACCESS,
  IOCTL_AFD_POLL,
  SYNCHRONIZE,
} from '../constants.js';
import { NtStatusError, requireNtSuccess } from '../errors.js';
import { CreateIoCompletionPort, lastWin32Error } from '../kernel32.js';
import { allocate, type NativeMemory } from '../native-memory.js';
import * as nt from '../ntdll.js';
import { isNtError, ntStatusName } from '../ntstatus.js';
import { STATUS_PENDING, STATUS_SUCCESS } from '../ntstatus-values.js';
import { AFD_POLL_INFO } from '../structs/afd-poll-info.js';
import { IO_STATUS_BLOCK } from '../structs/io-status-block.js';
import { INT64_MAX, LARGE_INTEGER, relativeTimeout100ns } from '../structs/large-integer.js';
import { OBJECT_ATTRIBUTES } from '../structs/object-attributes.js';
import { AF_INET } from '../ws2-32.js';
import { withMemory } from './memory.js';
import { baseHandleOf, connectTo, listenOnLoopback, withSocket, withWinsock } from './sockets.js';

/** How long the kernel may take to report a connection from this very thread. */
const reportLimitMs = 3_000;

/**
 * Polls a listener on 127.0.0.1 through `\Device\Afd`, connects to it, and waits for the packet.
 *
 * @returns what was amiss; undefined if the accept was reported, and not before there was one.
 * @throws {NtdllxError} for a call that failed.
 */
export function pollAnAccept(): string | undefined {
  return withWinsock(() =>
    withSocket(AF_INET, (listener) =>
      withSocket(AF_INET, (client) => {
        const sockaddr = listenOnLoopback(listener);
        const base = baseHandleOf(listener);
        return withHandle(createPort(), (port) =>
          withHandle(openAfd(), (afd) => {
            if (CreateIoCompletionPort(afd, port, 0, 0) === 0) {
              throw lastWin32Error('CreateIoCompletionPort');
            }
            return poll(afd, port, base, () => connectTo(client, sockaddr));
          }),
        );
      }),
    ),
  );
}

function withHandle<T>(handle: nt.HANDLE, work: (handle: nt.HANDLE) => T): T {
  try {
    return work(handle);
  } finally {
    nt.NtClose(handle);
  }
}

function createPort(): nt.HANDLE {
  return withMemory(8, (out) => {
    const status = nt.NtCreateIoCompletion(out.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    requireNtSuccess('NtCreateIoCompletion', status);
    return Number(out.readU64(0));
  });
}

function openAfd(): nt.HANDLE {
  const name = '\\Device\\Afd\\probe';
  const share = FILE_SHARE_READ | FILE_SHARE_WRITE;
  return withMemory(OBJECT_ATTRIBUTES.byteLength(name), (attributes) =>
    withMemory(32, (out) => {
      OBJECT_ATTRIBUTES.write(attributes, name, 0);
      const [handle, at, iosb] = [out.address, attributes.address, out.address + 16];
      const open = FILE_OPEN;
      const status = nt.NtCreateFile(handle, SYNCHRONIZE, at, iosb, 0, 0, share, open, 0, 0, 0);
      requireNtSuccess(`NtCreateFile(${name})`, status);
      return Number(out.readU64(0));
    }),
  );
}

/** Takes one packet off the port. @returns its ApcContext, or undefined when none came in time. */
function takePacket(port: nt.HANDLE, timeoutMs: number): bigint | undefined {
  return withMemory(64, (out) => {
    const timeout = new LARGE_INTEGER(out, 48);
    timeout.QuadPart = relativeTimeout100ns(timeoutMs);
    const removed = out.address + 40;
    const at = timeout.address;
    const status = nt.NtRemoveIoCompletionEx(port, out.address, 1, removed, at, 0);
    return status === STATUS_SUCCESS ? out.readU64(8) : undefined;
  });
}

/**
 * From NtDeviceIoControlFile on the block is the kernel's. It is ours again, and freed, when the
 * packet was taken; where none comes, not even after a cancel, it stays the kernel's for good.
 */
function poll(
  afd: nt.HANDLE,
  port: nt.HANDLE,
  base: bigint,
  makeReady: () => void,
): string | undefined {
  const block = allocate(16 + AFD_POLL_INFO.byteLength(1));
  const status = arm(afd, block, base);
  if (isNtError(status)) {
    block.free();
    throw new NtStatusError('NtDeviceIoControlFile(IOCTL_AFD_POLL)', status);
  }
  const iosb = new IO_STATUS_BLOCK(block, 0);
  const isEarly = iosb.Status !== STATUS_PENDING;
  let packet: bigint | undefined;
  try {
    makeReady();
    packet = takePacket(port, reportLimitMs);
  } finally {
    if (packet === undefined) {
      withMemory(16, ({ address }) => nt.NtCancelIoFileEx(afd, block.address, address));
      if (takePacket(port, reportLimitMs) !== undefined) block.free();
    }
  }
  if (packet === undefined) return `no packet within ${reportLimitMs / 1_000} s of a connection`;
  const info = new AFD_POLL_INFO(block, 16);
  const seen = [iosb.Status, info.NumberOfHandles, info.handle(0).Events] as const;
  const isWanted =
    packet === BigInt(block.address) &&
    seen[0] === STATUS_SUCCESS &&
    seen[1] === 1 &&
    seen[2] === AFD_POLL_ACCEPT;
  block.free();
  if (isEarly) return 'the poll ended before there was a connection';
  if (isWanted) return undefined;
  const [ended, handles, events] = seen;
  return `${ntStatusName(ended)}, ${handles} handles, Events 0x${events.toString(16)}`;
}

function arm(afd: nt.HANDLE, block: NativeMemory, base: bigint): number {
  block.fill(0);
  const iosb = new IO_STATUS_BLOCK(block, 0);
  const info = new AFD_POLL_INFO(block, 16);
  iosb.Status = STATUS_PENDING;
  info.Timeout = INT64_MAX;
  info.NumberOfHandles = 1;
  info.handle(0).Handle = base;
  info.handle(0).Events = AFD_POLL_ACCEPT;
  const bytes = AFD_POLL_INFO.byteLength(1);
  const [context, at] = [iosb.address, info.address];
  const code = IOCTL_AFD_POLL;
  return nt.NtDeviceIoControlFile(afd, 0, 0, context, context, code, at, bytes, at, bytes);
}
