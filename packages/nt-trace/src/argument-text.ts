import { IOCTL_AFD_POLL, ntStatusName, wsaErrorName } from 'ntdllx';
import type { Parameter } from 'ntdllx/trace';
import { prototypes } from 'ntdllx/trace';
import { INVALID_SOCKET } from 'ntdllx/ws2_32';
import { u32, u64 } from './capture.js';
import { answerText, decodePollInfo, pollText, sockaddrText } from './decode.js';
import type { HandleNames } from './handle-names.js';
import { hex, names, optionName, skipFlags, timeoutText } from './nt-names.js';
import type { RawCall } from './raw-call.js';
import type { PollInfo } from './record.js';

const signed64 = (bytes: Uint8Array) => BigInt.asIntN(64, u64(bytes));
const utf16 = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf16le');

/** The argument of a parameter. */
export function argumentOf(raw: RawCall, parameter: string): number | bigint {
  const { params } = prototypes[raw.name];
  return raw.args[params.findIndex(([name]) => name === parameter)] ?? 0;
}

/**
 * The memory of a pointer argument as text; undefined for memory that the tracer does not decode.
 */
function contentOf(raw: RawCall, parameter: string, handles: HandleNames): string | undefined {
  const { before, after } = raw;
  const bytes = after[parameter] ?? before[parameter];
  if (bytes === undefined) return undefined;
  switch (parameter) {
    case 'IoCompletionHandle':
    case 'FileHandle':
    case 'TargetHandle':
    case 'WaitCompletionPacketHandle':
      return handles.of(u64(bytes));
    case 'Timeout':
      return timeoutText(signed64(bytes));
    case 'NumEntriesRemoved':
    case 'IoCompletionInformation':
      return raw.name === 'NtQueryIoCompletion' || parameter === 'NumEntriesRemoved'
        ? String(u32(bytes))
        : undefined;
    case 'ObjectAttributes':
      return JSON.stringify(utf16(bytes)).replaceAll('\\\\', '\\');
    case 'FileInformation':
      return bytes.byteLength >= 16
        ? `Port=${handles.of(u64(bytes))}, Key=${hex(u64(bytes, 8))}`
        : skipFlags(u32(bytes));
    case 'name':
    case 'addr':
    case 'from':
    case 'to':
      return sockaddrText(bytes);
    case 'lpvOutBuffer':
      return bytes.byteLength === 8 ? handles.of(u64(bytes)) : undefined;
    default:
      return bytes.byteLength === 4 ? String(u32(bytes) | 0) : undefined;
  }
}

/** A poll's buffer as text: its name, and its content if the recorder copied it. */
function pollBuffer(
  raw: RawCall,
  parameter: string,
  handles: HandleNames,
  textOf: (info: PollInfo) => string,
): string | undefined {
  if (argumentOf(raw, 'IoControlCode') !== IOCTL_AFD_POLL) return undefined;
  const bytes = (parameter === 'InputBuffer' ? raw.before : raw.after)[parameter];
  const info = bytes && decodePollInfo(bytes, handles);
  const name = handles.address(argumentOf(raw, parameter), 'info');
  return info === undefined ? name : `${name} ${textOf(info)}`;
}

/** A request's pointer arguments as text, such as `&iosb#1` or `&info#1 {...}`. */
function requestPointer(raw: RawCall, parameter: string, handles: HandleNames): string | undefined {
  const value = argumentOf(raw, parameter);
  switch (parameter) {
    case 'IoStatusBlock':
    case 'IoRequestToCancel':
      return handles.address(value, 'iosb');
    case 'ApcContext':
      return handles.findAddress(value);
    case 'InputBuffer':
      return pollBuffer(raw, parameter, handles, pollText);
    case 'OutputBuffer':
      return pollBuffer(raw, parameter, handles, answerText);
    default:
      return undefined;
  }
}

function pointerText(raw: RawCall, parameter: string, handles: HandleNames): string {
  const value = argumentOf(raw, parameter);
  if (BigInt(value) === 0n) return 'null';
  const known = requestPointer(raw, parameter, handles);
  if (known !== undefined) return known;
  const content = contentOf(raw, parameter, handles);
  if (content !== undefined) return `&{${content}}`;
  // These are values that NT passes through, not addresses.
  return /^(KeyContext|ApcContext)$/.test(parameter) ? hex(value) : `&${hex(value)}`;
}

/** One argument as text. */
export function argumentText(raw: RawCall, [name, type]: Parameter, handles: HandleNames): string {
  const value = argumentOf(raw, name);
  switch (type) {
    case 'pointer':
      return pointerText(raw, name, handles);
    case 'bytes':
      return `{${value} bytes}`;
    case 'HANDLE':
    case 'SOCKET':
      if (value === -1 && name.endsWith('ProcessHandle')) return 'NtCurrentProcess()';
      return handles.of(value);
    case 'ULONG_PTR':
    case 'ACCESS_MASK':
      return hex(value);
    case 'NTSTATUS':
      return ntStatusName(Number(value));
    default:
      if (name === 'optname') return optionName(Number(argumentOf(raw, 'level')), Number(value));
      return names[name]?.get(Number(value) >>> 0) ?? numberText(name, value);
  }
}

const hexadecimal = /^(IoControlCode|dwIoControlCode|dwFlags|CreateOptions|ShareAccess|cmd)$/;

function numberText(name: string, value: number | bigint): string {
  if (name === 'dwMilliseconds') return value === 0xffff_ffff ? 'INFINITE' : String(value);
  if (name === 'wVersionRequested') return `${Number(value) & 0xff}.${Number(value) >> 8}`;
  return hexadecimal.test(name) ? hex(value) : String(value);
}

const waits = new Map([
  [0, 'WAIT_OBJECT_0'],
  [0x102, 'WAIT_TIMEOUT'],
  [0xffff_ffff, 'WAIT_FAILED'],
]);

/** A call's result as text. */
export function resultText(raw: RawCall, handles: HandleNames): string {
  const { returns } = prototypes[raw.name];
  const { result } = raw;
  if (returns === 'NTSTATUS') return ntStatusName(Number(result));
  if (returns === 'SOCKET') {
    return BigInt(result) === INVALID_SOCKET ? 'INVALID_SOCKET' : handles.of(result);
  }
  if (returns === 'HANDLE') return handles.of(result);
  if (raw.name === 'WSAGetLastError') return wsaErrorName(Number(result));
  if (raw.name === 'WaitForSingleObject') return waits.get(Number(result)) ?? String(result);
  if (returns === 'int' && result === -1) return 'SOCKET_ERROR';
  return String(result);
}
