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
  /** {@link allocate} */
  readonly allocate: typeof allocate;

  /** {@link ntdll.NtCreateIoCompletion} */
  readonly NtCreateIoCompletion: typeof ntdll.NtCreateIoCompletion;
  /** {@link ntdll.NtSetIoCompletion} */
  readonly NtSetIoCompletion: typeof ntdll.NtSetIoCompletion;
  /** {@link ntdll.NtRemoveIoCompletionEx} */
  readonly NtRemoveIoCompletionEx: typeof ntdll.NtRemoveIoCompletionEx;
  /** {@link ntdll.NtQueryIoCompletion} */
  readonly NtQueryIoCompletion: typeof ntdll.NtQueryIoCompletion;

  /** {@link ntdll.NtCreateFile} */
  readonly NtCreateFile: typeof ntdll.NtCreateFile;
  /** {@link ntdll.NtSetInformationFile} */
  readonly NtSetInformationFile: typeof ntdll.NtSetInformationFile;
  /** {@link ntdll.NtDeviceIoControlFile} */
  readonly NtDeviceIoControlFile: typeof ntdll.NtDeviceIoControlFile;
  /** {@link ntdll.NtCancelIoFile} */
  readonly NtCancelIoFile: typeof ntdll.NtCancelIoFile;
  /** {@link ntdll.NtCancelIoFileEx} */
  readonly NtCancelIoFileEx: typeof ntdll.NtCancelIoFileEx;

  /** {@link ntdll.NtCurrentProcess} */
  readonly NtCurrentProcess: typeof ntdll.NtCurrentProcess;
  /** {@link ntdll.NtDuplicateObject} */
  readonly NtDuplicateObject: typeof ntdll.NtDuplicateObject;
  /** {@link ntdll.NtClose} */
  readonly NtClose: typeof ntdll.NtClose;

  /** {@link ws2_32.WSAStartup} */
  readonly WSAStartup: typeof ws2_32.WSAStartup;
  /** {@link ws2_32.WSACleanup} */
  readonly WSACleanup: typeof ws2_32.WSACleanup;
  /** {@link ws2_32.WSAGetLastError} */
  readonly WSAGetLastError: typeof ws2_32.WSAGetLastError;
  /** {@link ws2_32.WSASocketW} */
  readonly WSASocketW: typeof ws2_32.WSASocketW;
  /** {@link ws2_32.WSAIoctl} */
  readonly WSAIoctl: typeof ws2_32.WSAIoctl;
  /** {@link ws2_32.ioctlsocket} */
  readonly ioctlsocket: typeof ws2_32.ioctlsocket;
  /** {@link ws2_32.getsockopt} */
  readonly getsockopt: typeof ws2_32.getsockopt;
  /** {@link ws2_32.setsockopt} */
  readonly setsockopt: typeof ws2_32.setsockopt;
  /** {@link ws2_32.getsockname} */
  readonly getsockname: typeof ws2_32.getsockname;
  /** {@link ws2_32.getpeername} */
  readonly getpeername: typeof ws2_32.getpeername;
  /** {@link ws2_32.bind} */
  readonly bind: typeof ws2_32.bind;
  /** {@link ws2_32.listen} */
  readonly listen: typeof ws2_32.listen;
  /** {@link ws2_32.accept} */
  readonly accept: typeof ws2_32.accept;
  /** {@link ws2_32.connect} */
  readonly connect: typeof ws2_32.connect;
  /** {@link ws2_32.send} */
  readonly send: typeof ws2_32.send;
  /** {@link ws2_32.recv} */
  readonly recv: typeof ws2_32.recv;
  /** {@link ws2_32.sendto} */
  readonly sendto: typeof ws2_32.sendto;
  /** {@link ws2_32.recvfrom} */
  readonly recvfrom: typeof ws2_32.recvfrom;
  /** {@link ws2_32.shutdown} */
  readonly shutdown: typeof ws2_32.shutdown;
  /** {@link ws2_32.closesocket} */
  readonly closesocket: typeof ws2_32.closesocket;

  /** {@link kernel32.GetFileAttributesW} */
  readonly GetFileAttributesW: typeof kernel32.GetFileAttributesW;
  /** {@link kernel32.DeleteFileW} */
  readonly DeleteFileW: typeof kernel32.DeleteFileW;
  /** {@link kernel32.FindFirstFileW} */
  readonly FindFirstFileW: typeof kernel32.FindFirstFileW;
  /** {@link kernel32.FindClose} */
  readonly FindClose: typeof kernel32.FindClose;
  /** {@link kernel32.GetLastError} */
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
