import { OBJECT_ATTRIBUTES, STATUS_SUCCESS, UNICODE_STRING } from 'ntdllx';
import {
  type FunctionName,
  type NativeArgument,
  type ObservedCall,
  readMemory,
  type StartedCall,
} from 'ntdllx/trace';
import type { Memory } from './raw-call.js';

/** At most this many bytes of one argument are copied: the size of a poll over 256 sockets. */
export const mostBytes = 16 + 256 * 16;

/** A length in bytes: a number, the parameter that has it, or the parameter that points to it. */
type Length = number | string | { readonly in: string };
type Rule = readonly [parameter: string, length: Length];

/**
 * Which inputs are copied, and how long they are. They are copied before the call: until then the
 * program owns their memory, and nothing else writes to it.
 */
const inputs: Partial<Record<FunctionName, readonly Rule[]>> = {
  NtRemoveIoCompletionEx: [['Timeout', 8]],
  NtDeviceIoControlFile: [['InputBuffer', 'InputBufferLength']],
  NtSetInformationFile: [['FileInformation', 'Length']],
  bind: [['name', 'namelen']],
  connect: [['name', 'namelen']],
  sendto: [['to', 'tolen']],
  ioctlsocket: [['argp', 4]],
  setsockopt: [['optval', 'optlen']],
  WSAIoctl: [['lpvInBuffer', 'cbInBuffer']],
};

/** Which outputs are copied, and how long they are. They are copied only if the call succeeded. */
const outputs: Partial<Record<FunctionName, readonly Rule[]>> = {
  NtCreateIoCompletion: [['IoCompletionHandle', 8]],
  NtCreateFile: [['FileHandle', 8]],
  NtDuplicateObject: [['TargetHandle', 8]],
  NtCreateWaitCompletionPacket: [['WaitCompletionPacketHandle', 8]],
  NtQueryIoCompletion: [['IoCompletionInformation', 4]],
  NtDeviceIoControlFile: [['OutputBuffer', 'OutputBufferLength']],
  WSAIoctl: [['lpvOutBuffer', 'cbOutBuffer']],
  getsockname: [['name', { in: 'namelen' }]],
  getpeername: [['name', { in: 'namelen' }]],
  accept: [['addr', { in: 'addrlen' }]],
  recvfrom: [['from', { in: 'fromlen' }]],
  getsockopt: [['optval', { in: 'optlen' }]],
};

/** The argument of a parameter, by name. */
export function argument({ prototype, args }: StartedCall, parameter: string): NativeArgument {
  return args[prototype.params.findIndex(([name]) => name === parameter)] ?? 0;
}

/** True if a call succeeded and wrote its outputs. */
export function isSuccess({ prototype: { returns }, result }: ObservedCall): boolean {
  if (returns === 'NTSTATUS') return result === STATUS_SUCCESS;
  if (returns === 'SOCKET') return BigInt(result) !== 2n ** 64n - 1n;
  return result !== -1;
}

export const u32 = (bytes: Uint8Array, at = 0) =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
export const u64 = (bytes: Uint8Array, at = 0) =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);

function lengthOf(call: StartedCall, length: Length): number {
  if (typeof length === 'number') return length;
  if (typeof length === 'string') return Number(argument(call, length));
  const bytes = readMemory(argument(call, length.in), 4);
  return bytes === undefined ? 0 : u32(bytes);
}

function copyAll(call: StartedCall, rules: readonly Rule[]): Record<string, Uint8Array> {
  const copies: Record<string, Uint8Array> = {};
  for (const [parameter, length] of rules) {
    const address = argument(call, parameter);
    const byteLength = Math.min(lengthOf(call, length), mostBytes);
    const bytes = byteLength > 0 ? readMemory(address, byteLength) : undefined;
    if (bytes !== undefined) copies[parameter] = bytes;
  }
  return copies;
}

/** The name in OBJECT_ATTRIBUTES, in UTF-16. */
function objectName(address: NativeArgument): Uint8Array | undefined {
  const attributes = readMemory(address, OBJECT_ATTRIBUTES.layout.size);
  if (attributes === undefined) return undefined;
  const { ObjectName } = OBJECT_ATTRIBUTES.layout.fields;
  const string = readMemory(u64(attributes, ObjectName[0]), UNICODE_STRING.layout.size);
  if (string === undefined) return undefined;
  const { Length, Buffer: characters } = UNICODE_STRING.layout.fields;
  return readMemory(u64(string, characters[0]), u32(string, Length[0]) & 0xffff);
}

/**
 * Copies a call's inputs. It reads only memory that the program allocated through ntdllx, and makes
 * no copy for any other address. So a wrong address cannot crash the tracer.
 */
export function captureInputs(call: StartedCall): Memory {
  const copies = copyAll(call, inputs[call.name] ?? []);
  if (call.name !== 'NtCreateFile') return copies;
  const name = objectName(argument(call, 'ObjectAttributes'));
  return name === undefined ? copies : { ...copies, ObjectAttributes: name };
}

/** Copies a call's outputs, if it succeeded. */
export function captureOutputs(call: ObservedCall): Memory {
  if (!isSuccess(call)) return {};
  const copies = copyAll(call, outputs[call.name] ?? []);
  if (call.name !== 'NtRemoveIoCompletionEx') return copies;
  const count = readMemory(argument(call, 'NumEntriesRemoved'), 4);
  if (count === undefined) return copies;
  const entries = readMemory(argument(call, 'IoCompletionInformation'), u32(count) * 32);
  return {
    NumEntriesRemoved: count,
    ...(entries === undefined ? {} : { IoCompletionInformation: entries }),
  };
}
