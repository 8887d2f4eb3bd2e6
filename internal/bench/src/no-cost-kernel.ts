import {
  AFD_POLL_INFO,
  AFD_POLL_RECEIVE,
  FILE_IO_COMPLETION_INFORMATION,
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FileIoCompletionNotificationInformation,
  type HANDLE,
  type Kernel,
  type NativeMemory,
  STATUS_CANCELLED,
  STATUS_NOT_FOUND,
  STATUS_PENDING,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
} from 'ntdllx';
import { NoCostMemory } from './no-cost-memory.js';

const { NumberOfHandles, Handles } = AFD_POLL_INFO.layout.fields;
const pollHandleBytes = AFD_POLL_INFO.byteLength(2) - AFD_POLL_INFO.byteLength(1);
/**
 * The size of the queue, larger than the number of requests. The queue is a ring, so it does not
 * allocate.
 */
const queuePlaces = 1 << 16;
const entryBytes = FILE_IO_COMPLETION_INFORMATION.layout.size;

/** The numbers are offsets in the memory, not addresses: addresses would be heap objects. */
interface Request {
  file: HANDLE;
  apcContext: number;
  readonly iosb: number;
  isQueued: boolean;
}

/** A minimal kernel, and the setting that a bench changes. */
export interface NoCostKernel {
  readonly kernel: Kernel;
  /** Whether sockets that are created from now on are always or never readable. */
  setReady(isReady: boolean): void;
}

/**
 * A kernel that costs almost nothing: polls of some sockets complete at the next wait on the port,
 * or succeed at once; polls of the other sockets never complete. It has only the functions that
 * the engine calls, and checks nothing; sim-nt simulates a real kernel's answers.
 *
 * @param succeedsAtOnce as NT does for a poll of a ready socket. Otherwise each poll pends.
 */
export function createNoCostKernel({ succeedsAtOnce = false } = {}): NoCostKernel {
  const memory = new NoCostMemory(64 * 1_024 * 1_024);
  const { view } = memory;
  /** By handle: 1 for a socket that is readable. */
  const ready = new Uint8Array(1 << 20);
  /** By handle: 1 for a file whose requests post no packet when they succeed at once. */
  const skipping = new Uint8Array(1 << 20);
  /** By the offset of their IO_STATUS_BLOCK. */
  const requests = new Map<number, Request>();
  /** Completed requests, in the order in which they are reported. */
  const queue: (Request | undefined)[] = new Array(queuePlaces).fill(undefined);
  let [head, tail] = [0, 0];
  let nextHandle = 4;
  let isReadyNext = false;

  const giveHandle = (address: number): number => {
    nextHandle += 4;
    view.setBigUint64(memory.at(address), BigInt(nextHandle), true);
    return STATUS_SUCCESS;
  };
  const count = (info: number) => view.getUint32(info + NumberOfHandles[0], true);

  const namesReady = (info: number): boolean => {
    const first = info + Handles[0];
    for (let index = count(info) - 1; index >= 0; index -= 1) {
      if (ready[view.getUint32(first + index * pollHandleBytes, true)] === 1) return true;
    }
    return false;
  };

  /** Writes the output of a poll: moves the ready sockets to the front. */
  const compact = (info: number): void => {
    const first = info + Handles[0];
    const all = count(info);
    let reported = 0;
    for (let index = 0; index < all; index += 1) {
      const handle = view.getUint32(first + index * pollHandleBytes, true);
      if (ready[handle] !== 1) continue;
      const at = first + reported * pollHandleBytes;
      view.setUint32(at, handle, true);
      view.setUint32(at + 4, 0, true);
      view.setUint32(at + 8, AFD_POLL_RECEIVE, true);
      view.setUint32(at + 12, 0, true);
      reported += 1;
    }
    view.setUint32(info + NumberOfHandles[0], reported, true);
  };

  const complete = (request: Request, status: number): void => {
    view.setUint32(request.iosb, status, true);
    request.isQueued = true;
    queue[tail % queuePlaces] = request;
    tail += 1;
  };

  const NtSetInformationFile: Kernel['NtSetInformationFile'] = (
    file,
    _iosb,
    address,
    _byteLength,
    information,
  ) => {
    if (information === FileIoCompletionNotificationInformation) {
      const flags = view.getUint32(memory.at(address), true);
      skipping[file] = (flags & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) === 0 ? 0 : 1;
    }
    return STATUS_SUCCESS;
  };

  const NtDeviceIoControlFile: Kernel['NtDeviceIoControlFile'] = (
    file,
    _event,
    _routine,
    apcContext,
    iosbAddress,
    _code,
    infoAddress,
  ) => {
    const iosb = memory.at(iosbAddress);
    let request = requests.get(iosb);
    if (request === undefined) {
      request = { file, apcContext: 0, iosb, isQueued: false };
      requests.set(iosb, request);
    }
    request.apcContext = Number(apcContext);
    request.file = file;
    view.setUint32(iosb, STATUS_PENDING, true);
    const info = memory.at(infoAddress);
    if (!namesReady(info)) return STATUS_PENDING;
    compact(info);
    if (succeedsAtOnce && skipping[file] === 1) view.setUint32(iosb, STATUS_SUCCESS, true);
    else complete(request, STATUS_SUCCESS);
    return succeedsAtOnce ? STATUS_SUCCESS : STATUS_PENDING;
  };

  const cancelAll = (file: HANDLE): number => {
    for (const request of requests.values()) {
      const isPending = view.getUint32(request.iosb, true) === STATUS_PENDING;
      if (request.file === file && isPending && !request.isQueued)
        complete(request, STATUS_CANCELLED);
    }
    return STATUS_SUCCESS;
  };

  const NtCancelIoFileEx: Kernel['NtCancelIoFileEx'] = (file, iosbAddress) => {
    if (iosbAddress === 0) return cancelAll(file);
    const request = requests.get(memory.at(iosbAddress));
    if (request === undefined || request.isQueued) return STATUS_NOT_FOUND;
    complete(request, STATUS_CANCELLED);
    return STATUS_SUCCESS;
  };

  const NtRemoveIoCompletionEx: Kernel['NtRemoveIoCompletionEx'] = (
    _port,
    entries,
    most,
    removed,
  ) => {
    const taken = Math.min(most, tail - head);
    view.setUint32(memory.at(removed), taken, true);
    if (taken === 0) return STATUS_TIMEOUT;
    for (let index = 0; index < taken; index += 1) {
      const request = queue[head % queuePlaces] as Request;
      head += 1;
      const at = memory.at(entries) + index * entryBytes;
      const { apcContext } = request;
      view.setUint32(at, 0, true);
      view.setUint32(at + 4, 0, true);
      view.setUint32(at + 8, apcContext % 0x1_0000_0000, true);
      view.setUint32(at + 12, Math.floor(apcContext / 0x1_0000_0000), true);
      view.setUint32(at + 16, STATUS_SUCCESS, true);
      request.isQueued = false;
    }
    return STATUS_SUCCESS;
  };

  const yes = () => 0;
  const kernel = {
    allocate: (byteLength: number): NativeMemory => memory.allocate(byteLength),
    NtCreateIoCompletion: (address: number) => giveHandle(address),
    NtCreateFile: (address: number) => giveHandle(address),
    NtSetInformationFile,
    NtSetIoCompletion: () => STATUS_SUCCESS,
    NtClose: () => STATUS_SUCCESS,
    NtDeviceIoControlFile,
    NtCancelIoFileEx,
    NtRemoveIoCompletionEx,
    WSAStartup: yes,
    WSACleanup: yes,
    WSAGetLastError: yes,
    WSASocketW: () => {
      nextHandle += 4;
      ready[nextHandle] = isReadyNext ? 1 : 0;
      return nextHandle;
    },
    WSAIoctl: (socket: HANDLE, _code: number, _in: number, _inBytes: number, out: number) => {
      // Only SIO_BASE_HANDLE has an output.
      if (out !== 0) view.setBigUint64(memory.at(out), BigInt(socket), true);
      return 0;
    },
    ioctlsocket: yes,
    setsockopt: yes,
    bind: yes,
    listen: yes,
    closesocket: yes,
  };
  return {
    kernel: kernel as unknown as Kernel,
    setReady(isReady) {
      isReadyNext = isReady;
    },
  };
}
