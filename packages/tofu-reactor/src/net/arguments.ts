import { outOfRange, wrongPort, wrongType } from './errors.js';

/** Arguments in one form: options, and a callback. */
export interface Arguments<Options> {
  readonly options: Options;
  readonly callback: (() => void) | undefined;
}

/**
 * Converts the argument forms of `node:net` into one: `(options, callback)`, `(path, callback)`
 * and `(port, host, callback)`. Each argument may be left out.
 */
export function normalizeArguments<Options extends object>(
  args: readonly unknown[],
): Arguments<Options> {
  const [first, second] = args;
  const last = args.at(-1);
  const callback = typeof last === 'function' ? (last as () => void) : undefined;
  if (args.length === 0) return { options: {} as Options, callback };
  if (typeof first === 'object' && first !== null) return { options: first as Options, callback };
  const host = typeof second === 'string' ? { host: second } : {};
  const options = isPath(first) ? { path: first } : { port: first, ...host };
  return { options: options as unknown as Options, callback };
}

/** True for a string that is not a number: `node:net` treats such an argument as a path. */
export function isPath(value: unknown): value is string {
  return typeof value === 'string' && toNumber(value) === undefined;
}

/** The number that an argument is, if it is one from 0. */
export function toNumber(value: unknown): number | undefined {
  const number = Number(value);
  return number >= 0 ? number : undefined;
}

/** @throws a RangeError `ERR_SOCKET_BAD_PORT` unless it is a number from 0 to 65535, also as text. */
export function requirePort(port: unknown, name: string): number {
  const isText = typeof port === 'string' && port.trim() !== '';
  const isPort = (isText || typeof port === 'number') && Number.isInteger(Number(port));
  if (isPort && Number(port) >= 0 && Number(port) <= 65_535) return Number(port);
  throw wrongPort(name, port);
}

/** @throws a TypeError `ERR_INVALID_ARG_TYPE` unless it is a function. */
export function requireFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw wrongType(name, 'of type function', value);
}

const longestMs = 2 ** 31 - 1;

/**
 * A duration in milliseconds. One that is longer than a timer can be is shortened, with a warning,
 * as Node does.
 *
 * @throws a TypeError `ERR_INVALID_ARG_TYPE` or a RangeError `ERR_OUT_OF_RANGE`.
 */
export function requireDuration(value: unknown, name: string): number {
  if (typeof value !== 'number') throw wrongType(name, 'of type number', value);
  if (!(value >= 0 && Number.isFinite(value))) {
    throw outOfRange(name, 'a non-negative finite number', value);
  }
  if (value <= longestMs) return value;
  process.emitWarning(
    `${value} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ` +
      `${longestMs}.`,
    'TimeoutOverflowWarning',
  );
  return longestMs;
}
