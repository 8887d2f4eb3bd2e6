import { type FunctionName, type Parameter, type Prototype, readMemory } from 'ntdllx/trace';
import { headerType, prototypeOf, prototypeText } from './prototype-text.js';

/** Values that NT passes through without interpreting them. */
const carried = new Set(['KeyContext', 'ApcContext']);

/** Pointers that may be null. */
const optional = new Set(
  [
    'ObjectAttributes',
    'Timeout',
    'AllocationSize',
    'EaBuffer',
    'InputBuffer',
    'OutputBuffer',
  ].concat(['ReturnLength', 'AlreadySignaled', 'IoRequestToCancel', 'lpEventAttributes', 'lpName']),
);

/** The size of a pointer's target type in bytes, on x64 and arm64. */
const typeBytes: Readonly<Record<string, number>> = {
  PHANDLE: 8,
  PIO_STATUS_BLOCK: 16,
  PLARGE_INTEGER: 8,
  PULONG: 4,
  PBOOLEAN: 1,
  PCOBJECT_ATTRIBUTES: 48,
  LPSECURITY_ATTRIBUTES: 24,
};

/** The parameter with the size of a buffer. */
const lengths: Readonly<Record<string, string>> = {
  InputBuffer: 'InputBufferLength',
  OutputBuffer: 'OutputBufferLength',
  FileInformation: 'Length',
  EaBuffer: 'EaLength',
  IoCompletionInformation: 'IoCompletionInformationLength',
};

const packetBytes = 32;

function neededBytes(prototype: Prototype, parameter: Parameter, args: readonly unknown[]): number {
  const argument = (name: string | undefined) =>
    Number(args[prototype.params.findIndex(([each]) => each === name)] ?? 1);
  const [name] = parameter;
  if (headerType(parameter) === 'PFILE_IO_COMPLETION_INFORMATION') {
    return packetBytes * argument('Count');
  }
  return typeBytes[headerType(parameter)] ?? argument(lengths[name]);
}

const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' || Number.isSafeInteger(value);

const hex = (value: number | bigint) => (value < 0 ? String(value) : `0x${value.toString(16)}`);

function requirePointer(
  call: string,
  prototype: Prototype,
  parameter: Parameter,
  args: readonly unknown[],
): void {
  const [name] = parameter;
  const value = args[prototype.params.indexOf(parameter)] as number | bigint;
  if (carried.has(name)) return;
  if (name === 'ApcRoutine') {
    if (BigInt(value) === 0n) return;
    throw new TypeError(
      `${call}: ApcRoutine must be 0, because NT cannot call a JavaScript function.`,
    );
  }
  if (BigInt(value) === 0n && optional.has(name)) return;
  const byteLength = neededBytes(prototype, parameter, args);
  if (readMemory(value, byteLength) !== undefined) return;
  const what = BigInt(value) === 0n ? 'null' : hex(value);
  throw new TypeError(
    `${call}: ${name} is ${what}, but no allocated block has ${byteLength} bytes there. NT was not ` +
      'called. Pass the address of a block that allocate returned, that is long enough and not freed.',
  );
}

/**
 * Checks the arguments of a call before it is made: their number, that each is a whole number, and
 * that each address has as much allocated memory as the call reads or writes. It does not check
 * whether the kernel still uses the memory, nor the type of a handle.
 *
 * @throws {TypeError} naming the parameter; nothing was called.
 */
export function requireArguments(call: FunctionName, args: readonly unknown[]): void {
  const prototype = prototypeOf(call) as Prototype;
  const { params } = prototype;
  if (args.length !== params.length) {
    const said = `${call} needs ${params.length} arguments, got ${args.length}`;
    throw new TypeError(`${said}: ${prototypeText(call, prototype)}`);
  }
  for (const [index, [name]] of params.entries()) {
    if (isInteger(args[index])) continue;
    const got = typeof args[index] === 'number' ? String(args[index]) : typeof args[index];
    throw new TypeError(`${call}: ${name} needs a whole number, got ${got}. NT was not called.`);
  }
  for (const parameter of params) {
    if (parameter[1] === 'pointer') requirePointer(call, prototype, parameter, args);
  }
}

/** Wraps a function of ntdllx so that its arguments are checked first. */
export function checked<F extends (...args: never[]) => unknown>(name: FunctionName, call: F): F {
  const look = (...args: unknown[]) => {
    requireArguments(name, args);
    return call(...(args as never[]));
  };
  Object.defineProperty(look, 'name', { value: name });
  return look as unknown as F;
}
