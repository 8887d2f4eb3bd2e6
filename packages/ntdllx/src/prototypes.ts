/**
 * Every foreign function, one row each: its DLL, its result and its parameters. The loader makes
 * the functions from the rows. A test compares each row with the prototype that compilers read
 * from the headers.
 *
 * Sources: phnt's ntioapi.h and ntobapi.h for ntdll, the Windows SDK 10.0.26100 for the rest.
 *
 * @packageDocumentation
 */
import { filePrototypes } from './file-prototypes.js';
import { waitPrototypes } from './wait-prototypes.js';

/** The NT and C types that the rows use, as koffi types. */
export const nativeTypes = {
  // Unsigned on purpose: only this row makes an NTSTATUS an unsigned number.
  NTSTATUS: 'uint32_t',
  BOOL: 'int32_t',
  BOOLEAN: 'uint8_t',
  WORD: 'uint16_t',
  DWORD: 'uint32_t',
  ULONG: 'uint32_t',
  ACCESS_MASK: 'uint32_t',
  long: 'int32_t',
  int: 'int32_t',
  GROUP: 'uint32_t',
  UCHAR: 'uint8_t',
  FILE_INFORMATION_CLASS: 'int32_t',
  IO_COMPLETION_INFORMATION_CLASS: 'int32_t',
  ULONG_PTR: 'uintptr_t',
  SOCKET: 'uintptr_t',
  HANDLE: 'intptr_t',
  // A pointer is passed as the address of memory from `allocate`. With this type koffi refuses a
  // Buffer or an object. For these koffi would pass memory that may be collected or reused while
  // the kernel still writes to it.
  pointer: 'uintptr_t',
  // The one exception to that rule, for calls that do not use the bytes after they return: the
  // caller passes a Uint8Array, and koffi passes its address to the function without a copy.
  bytes: 'uint8_t *',
} as const;

type NativeType = keyof typeof nativeTypes;

/** A parameter: its name and its type; for a pointer also its type in the header. */
export type Parameter = readonly [name: string, type: NativeType, headerType?: string];

/** A foreign function. */
export interface Prototype {
  /** The DLL that exports it. */
  readonly dll: 'ntdll.dll' | 'kernel32.dll' | 'ws2_32.dll';
  /** The type of its result. */
  readonly returns: NativeType;
  /** Its parameters, in order. */
  readonly params: readonly Parameter[];
}

const pointer = <N extends string>(name: N, headerType: string) =>
  [name, 'pointer', headerType] as const;
const bytes = <N extends string>(name: N, headerType: string) =>
  [name, 'bytes', headerType] as const;

/** The prototype table. */
export const prototypes = {
  NtCreateIoCompletion: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      pointer('IoCompletionHandle', 'PHANDLE'),
      ['DesiredAccess', 'ACCESS_MASK'],
      pointer('ObjectAttributes', 'PCOBJECT_ATTRIBUTES'),
      ['NumberOfConcurrentThreads', 'ULONG'],
    ],
  },
  NtSetIoCompletion: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['IoCompletionHandle', 'HANDLE'],
      pointer('KeyContext', 'PVOID'),
      pointer('ApcContext', 'PVOID'),
      ['IoStatus', 'NTSTATUS'],
      ['IoStatusInformation', 'ULONG_PTR'],
    ],
  },
  NtRemoveIoCompletionEx: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['IoCompletionHandle', 'HANDLE'],
      pointer('IoCompletionInformation', 'PFILE_IO_COMPLETION_INFORMATION'),
      ['Count', 'ULONG'],
      pointer('NumEntriesRemoved', 'PULONG'),
      pointer('Timeout', 'PLARGE_INTEGER'),
      ['Alertable', 'BOOLEAN'],
    ],
  },
  NtDeviceIoControlFile: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['FileHandle', 'HANDLE'],
      ['Event', 'HANDLE'],
      pointer('ApcRoutine', 'PIO_APC_ROUTINE'),
      pointer('ApcContext', 'PVOID'),
      pointer('IoStatusBlock', 'PIO_STATUS_BLOCK'),
      ['IoControlCode', 'ULONG'],
      pointer('InputBuffer', 'PVOID'),
      ['InputBufferLength', 'ULONG'],
      pointer('OutputBuffer', 'PVOID'),
      ['OutputBufferLength', 'ULONG'],
    ],
  },
  NtDuplicateObject: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['SourceProcessHandle', 'HANDLE'],
      ['SourceHandle', 'HANDLE'],
      ['TargetProcessHandle', 'HANDLE'],
      pointer('TargetHandle', 'PHANDLE'),
      ['DesiredAccess', 'ACCESS_MASK'],
      ['HandleAttributes', 'ULONG'],
      ['Options', 'ULONG'],
    ],
  },
  NtCancelIoFileEx: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['FileHandle', 'HANDLE'],
      pointer('IoRequestToCancel', 'PIO_STATUS_BLOCK'),
      pointer('IoStatusBlock', 'PIO_STATUS_BLOCK'),
    ],
  },
  NtCancelIoFile: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [['FileHandle', 'HANDLE'], pointer('IoStatusBlock', 'PIO_STATUS_BLOCK')],
  },
  NtCreateFile: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      pointer('FileHandle', 'PHANDLE'),
      ['DesiredAccess', 'ACCESS_MASK'],
      pointer('ObjectAttributes', 'PCOBJECT_ATTRIBUTES'),
      pointer('IoStatusBlock', 'PIO_STATUS_BLOCK'),
      pointer('AllocationSize', 'PLARGE_INTEGER'),
      ['FileAttributes', 'ULONG'],
      ['ShareAccess', 'ULONG'],
      ['CreateDisposition', 'ULONG'],
      ['CreateOptions', 'ULONG'],
      pointer('EaBuffer', 'PVOID'),
      ['EaLength', 'ULONG'],
    ],
  },
  NtSetInformationFile: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['FileHandle', 'HANDLE'],
      pointer('IoStatusBlock', 'PIO_STATUS_BLOCK'),
      pointer('FileInformation', 'PVOID'),
      ['Length', 'ULONG'],
      ['FileInformationClass', 'FILE_INFORMATION_CLASS'],
    ],
  },
  NtQueryIoCompletion: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['IoCompletionHandle', 'HANDLE'],
      ['IoCompletionInformationClass', 'IO_COMPLETION_INFORMATION_CLASS'],
      pointer('IoCompletionInformation', 'PVOID'),
      ['IoCompletionInformationLength', 'ULONG'],
      pointer('ReturnLength', 'PULONG'),
    ],
  },
  NtSetIoCompletionEx: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['IoCompletionHandle', 'HANDLE'],
      ['IoCompletionPacketHandle', 'HANDLE'],
      pointer('KeyContext', 'PVOID'),
      pointer('ApcContext', 'PVOID'),
      ['IoStatus', 'NTSTATUS'],
      ['IoStatusInformation', 'ULONG_PTR'],
    ],
  },
  NtCreateWaitCompletionPacket: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      pointer('WaitCompletionPacketHandle', 'PHANDLE'),
      ['DesiredAccess', 'ACCESS_MASK'],
      pointer('ObjectAttributes', 'PCOBJECT_ATTRIBUTES'),
    ],
  },
  NtAssociateWaitCompletionPacket: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['WaitCompletionPacketHandle', 'HANDLE'],
      ['IoCompletionHandle', 'HANDLE'],
      ['TargetObjectHandle', 'HANDLE'],
      pointer('KeyContext', 'PVOID'),
      pointer('ApcContext', 'PVOID'),
      ['IoStatus', 'NTSTATUS'],
      ['IoStatusInformation', 'ULONG_PTR'],
      pointer('AlreadySignaled', 'PBOOLEAN'),
    ],
  },
  NtCancelWaitCompletionPacket: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [
      ['WaitCompletionPacketHandle', 'HANDLE'],
      ['RemoveSignaledPacket', 'BOOLEAN'],
    ],
  },
  NtClose: {
    dll: 'ntdll.dll',
    returns: 'NTSTATUS',
    params: [['Handle', 'HANDLE']],
  },
  CreateIoCompletionPort: {
    dll: 'kernel32.dll',
    returns: 'HANDLE',
    params: [
      ['FileHandle', 'HANDLE'],
      ['ExistingCompletionPort', 'HANDLE'],
      ['CompletionKey', 'ULONG_PTR'],
      ['NumberOfConcurrentThreads', 'DWORD'],
    ],
  },
  CreateEventA: {
    dll: 'kernel32.dll',
    returns: 'HANDLE',
    params: [
      pointer('lpEventAttributes', 'LPSECURITY_ATTRIBUTES'),
      ['bManualReset', 'BOOL'],
      ['bInitialState', 'BOOL'],
      pointer('lpName', 'LPCSTR'),
    ],
  },
  SetEvent: { dll: 'kernel32.dll', returns: 'BOOL', params: [['hEvent', 'HANDLE']] },
  WaitForSingleObject: {
    dll: 'kernel32.dll',
    returns: 'DWORD',
    params: [
      ['hHandle', 'HANDLE'],
      ['dwMilliseconds', 'DWORD'],
    ],
  },
  CloseHandle: { dll: 'kernel32.dll', returns: 'BOOL', params: [['hObject', 'HANDLE']] },
  GetLastError: { dll: 'kernel32.dll', returns: 'DWORD', params: [] },
  ...filePrototypes,
  ...waitPrototypes,
  WSAStartup: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [['wVersionRequested', 'WORD'], pointer('lpWSAData', 'LPWSADATA')],
  },
  WSACleanup: { dll: 'ws2_32.dll', returns: 'int', params: [] },
  WSAGetLastError: { dll: 'ws2_32.dll', returns: 'int', params: [] },
  WSASocketW: {
    dll: 'ws2_32.dll',
    returns: 'SOCKET',
    params: [
      ['af', 'int'],
      ['type', 'int'],
      ['protocol', 'int'],
      pointer('lpProtocolInfo', 'LPWSAPROTOCOL_INFOW'),
      ['g', 'GROUP'],
      ['dwFlags', 'DWORD'],
    ],
  },
  WSAIoctl: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [
      ['s', 'SOCKET'],
      ['dwIoControlCode', 'DWORD'],
      pointer('lpvInBuffer', 'LPVOID'),
      ['cbInBuffer', 'DWORD'],
      pointer('lpvOutBuffer', 'LPVOID'),
      ['cbOutBuffer', 'DWORD'],
      pointer('lpcbBytesReturned', 'LPDWORD'),
      pointer('lpOverlapped', 'LPWSAOVERLAPPED'),
      pointer('lpCompletionRoutine', 'LPWSAOVERLAPPED_COMPLETION_ROUTINE'),
    ],
  },
  ioctlsocket: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [['s', 'SOCKET'], ['cmd', 'long'], pointer('argp', 'u_long *')],
  },
  setsockopt: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [
      ['s', 'SOCKET'],
      ['level', 'int'],
      ['optname', 'int'],
      pointer('optval', 'const char *'),
      ['optlen', 'int'],
    ],
  },
  bind: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [['s', 'SOCKET'], pointer('name', 'const struct sockaddr *'), ['namelen', 'int']],
  },
  listen: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [
      ['s', 'SOCKET'],
      ['backlog', 'int'],
    ],
  },
  accept: {
    dll: 'ws2_32.dll',
    returns: 'SOCKET',
    params: [['s', 'SOCKET'], pointer('addr', 'struct sockaddr *'), pointer('addrlen', 'int *')],
  },
  connect: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [['s', 'SOCKET'], pointer('name', 'const struct sockaddr *'), ['namelen', 'int']],
  },
  getsockname: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [['s', 'SOCKET'], pointer('name', 'struct sockaddr *'), pointer('namelen', 'int *')],
  },
  getpeername: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [['s', 'SOCKET'], pointer('name', 'struct sockaddr *'), pointer('namelen', 'int *')],
  },
  getsockopt: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [
      ['s', 'SOCKET'],
      ['level', 'int'],
      ['optname', 'int'],
      pointer('optval', 'char *'),
      pointer('optlen', 'int *'),
    ],
  },
  send: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [['s', 'SOCKET'], bytes('buf', 'const char *'), ['len', 'int'], ['flags', 'int']],
  },
  recv: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [['s', 'SOCKET'], bytes('buf', 'char *'), ['len', 'int'], ['flags', 'int']],
  },
  sendto: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [
      ['s', 'SOCKET'],
      bytes('buf', 'const char *'),
      ['len', 'int'],
      ['flags', 'int'],
      pointer('to', 'const struct sockaddr *'),
      ['tolen', 'int'],
    ],
  },
  recvfrom: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [
      ['s', 'SOCKET'],
      bytes('buf', 'char *'),
      ['len', 'int'],
      ['flags', 'int'],
      pointer('from', 'struct sockaddr *'),
      pointer('fromlen', 'int *'),
    ],
  },
  shutdown: {
    dll: 'ws2_32.dll',
    returns: 'int',
    params: [
      ['s', 'SOCKET'],
      ['how', 'int'],
    ],
  },
  closesocket: { dll: 'ws2_32.dll', returns: 'int', params: [['s', 'SOCKET']] },
} as const satisfies Record<string, Prototype>;

/** The names of the table's rows. */
export type FunctionName = keyof typeof prototypes;
