import * as kernel32 from './kernel32.js';
import { allocate } from './native-memory.js';
import * as ntdll from './ntdll.js';
import * as ws2_32 from './ws2-32.js';

/**
 * Every operating system call that the layers above make: memory, ports, AFD, sockets, and the
 * files of Unix domain sockets. These layers take a `Kernel` as a parameter, {@link ntKernel} by
 * default, so that tests can pass a simulated one.
 *
 * Functions have NT's names and meanings. Every address points into memory from `allocate`.
 * `send`, `recv`, `sendto` and `recvfrom` instead take a Uint8Array and do not keep it after they
 * return. They do not check its length: the caller checks it, and runs no user code between the
 * check and the call.
 */
export interface Kernel {
  readonly allocate: typeof allocate;

  readonly NtCreateIoCompletion: typeof ntdll.NtCreateIoCompletion;
  readonly NtSetIoCompletion: typeof ntdll.NtSetIoCompletion;
  readonly NtRemoveIoCompletionEx: typeof ntdll.NtRemoveIoCompletionEx;
  readonly NtQueryIoCompletion: typeof ntdll.NtQueryIoCompletion;

  readonly NtCreateFile: typeof ntdll.NtCreateFile;
  readonly NtSetInformationFile: typeof ntdll.NtSetInformationFile;
  readonly NtDeviceIoControlFile: typeof ntdll.NtDeviceIoControlFile;
  readonly NtCancelIoFile: typeof ntdll.NtCancelIoFile;
  readonly NtCancelIoFileEx: typeof ntdll.NtCancelIoFileEx;

  readonly NtCurrentProcess: typeof ntdll.NtCurrentProcess;
  readonly NtDuplicateObject: typeof ntdll.NtDuplicateObject;
  readonly NtClose: typeof ntdll.NtClose;

  readonly WSAStartup: typeof ws2_32.WSAStartup;
  readonly WSACleanup: typeof ws2_32.WSACleanup;
  readonly WSAGetLastError: typeof ws2_32.WSAGetLastError;
  readonly WSASocketW: typeof ws2_32.WSASocketW;
  readonly WSAIoctl: typeof ws2_32.WSAIoctl;
  readonly ioctlsocket: typeof ws2_32.ioctlsocket;
  readonly getsockopt: typeof ws2_32.getsockopt;
  readonly setsockopt: typeof ws2_32.setsockopt;
  readonly getsockname: typeof ws2_32.getsockname;
  readonly getpeername: typeof ws2_32.getpeername;
  readonly bind: typeof ws2_32.bind;
  readonly listen: typeof ws2_32.listen;
  readonly accept: typeof ws2_32.accept;
  readonly connect: typeof ws2_32.connect;
  readonly send: typeof ws2_32.send;
  readonly recv: typeof ws2_32.recv;
  readonly sendto: typeof ws2_32.sendto;
  readonly recvfrom: typeof ws2_32.recvfrom;
  readonly shutdown: typeof ws2_32.shutdown;
  readonly closesocket: typeof ws2_32.closesocket;

  readonly GetFileAttributesW: typeof kernel32.GetFileAttributesW;
  readonly DeleteFileW: typeof kernel32.DeleteFileW;
  readonly FindFirstFileW: typeof kernel32.FindFirstFileW;
  readonly FindClose: typeof kernel32.FindClose;
  readonly GetLastError: typeof kernel32.GetLastError;
}

/**
 * Marks `allocate` of the real kernel. The symbol is the same in every installed copy of ntdllx.
 */
const realKernel = Symbol.for('ntdllx.real-kernel');
Object.defineProperty(allocate, realKernel, { value: true });

/**
 * True for {@link ntKernel}, for a kernel that wraps it and keeps its `allocate`, and for the real
 * kernel of another installed copy of ntdllx.
 */
export function isRealKernel(kernel: Kernel | undefined): boolean {
  return typeof kernel?.allocate === 'function' && realKernel in kernel.allocate;
}

/** The real kernel of this process. The first call of each function loads its DLL. */
export const ntKernel: Kernel = {
  allocate,
  NtCreateIoCompletion: ntdll.NtCreateIoCompletion,
  NtSetIoCompletion: ntdll.NtSetIoCompletion,
  NtRemoveIoCompletionEx: ntdll.NtRemoveIoCompletionEx,
  NtQueryIoCompletion: ntdll.NtQueryIoCompletion,
  NtCreateFile: ntdll.NtCreateFile,
  NtSetInformationFile: ntdll.NtSetInformationFile,
  NtDeviceIoControlFile: ntdll.NtDeviceIoControlFile,
  NtCancelIoFile: ntdll.NtCancelIoFile,
  NtCancelIoFileEx: ntdll.NtCancelIoFileEx,
  NtCurrentProcess: ntdll.NtCurrentProcess,
  NtDuplicateObject: ntdll.NtDuplicateObject,
  NtClose: ntdll.NtClose,
  WSAStartup: ws2_32.WSAStartup,
  WSACleanup: ws2_32.WSACleanup,
  WSAGetLastError: ws2_32.WSAGetLastError,
  WSASocketW: ws2_32.WSASocketW,
  WSAIoctl: ws2_32.WSAIoctl,
  ioctlsocket: ws2_32.ioctlsocket,
  getsockopt: ws2_32.getsockopt,
  setsockopt: ws2_32.setsockopt,
  getsockname: ws2_32.getsockname,
  getpeername: ws2_32.getpeername,
  bind: ws2_32.bind,
  listen: ws2_32.listen,
  accept: ws2_32.accept,
  connect: ws2_32.connect,
  send: ws2_32.send,
  recv: ws2_32.recv,
  sendto: ws2_32.sendto,
  recvfrom: ws2_32.recvfrom,
  shutdown: ws2_32.shutdown,
  closesocket: ws2_32.closesocket,
  GetFileAttributesW: kernel32.GetFileAttributesW,
  DeleteFileW: kernel32.DeleteFileW,
  FindFirstFileW: kernel32.FindFirstFileW,
  FindClose: kernel32.FindClose,
  GetLastError: kernel32.GetLastError,
};
