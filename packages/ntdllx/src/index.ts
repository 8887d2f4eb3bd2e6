/**
 * Bindings of Windows NT: completion ports, requests to the socket driver AFD, the native memory
 * that these requests write to, status names and errors. Addresses are not checked: a wrong one
 * crashes the process.
 *
 * Importing this loads no DLL on any system. The first call loads the DLL, or throws an error that
 * says what is missing.
 *
 * @packageDocumentation
 */
export { afdPollNames } from './afd-poll-names.js';
export * from './constants.js';
export {
  ExportError,
  HostError,
  isNtStatusError,
  KoffiError,
  NativeMemoryError,
  NtdllxError,
  type NtdllxErrorCode,
  NtStatusError,
  requireNtSuccess,
  Win32Error,
  WsaError,
} from './errors.js';
export { isRealKernel, type Kernel, ntKernel } from './kernel.js';
export { allocate, type NativeMemoryUse, nativeMemory } from './native-memory.js';
export { type NodeErrorName, nodeErrorName } from './node-errors.js';
export * from './ntdll.js';
export { isNtError, isNtSuccess, type NTSTATUS, ntStatusName, toNtStatus } from './ntstatus.js';
export * from './ntstatus-values.js';
export * from './optional.js';
export { showValue } from './show-value.js';
export { AFD_POLL_HANDLE_INFO, AFD_POLL_INFO } from './structs/afd-poll-info.js';
export { FILE_COMPLETION_INFORMATION } from './structs/file-completion-information.js';
export { FILE_IO_COMPLETION_INFORMATION } from './structs/file-io-completion-information.js';
export { IO_STATUS_BLOCK } from './structs/io-status-block.js';
export { INT64_MAX, LARGE_INTEGER, relativeTimeout100ns } from './structs/large-integer.js';
export { NativeStruct, type StructLayout } from './structs/native-struct.js';
export { OBJECT_ATTRIBUTES, UNICODE_STRING } from './structs/object-attributes.js';
export type { NativeMemory } from './viewed-memory.js';
export { wsaErrorName } from './wsa-errors.js';
