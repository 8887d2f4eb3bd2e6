import { runInNewContext } from 'node:vm';
import type { Kernel } from 'ntdllx';

type Call = (...args: unknown[]) => unknown;

/**
 * The function has one parameter more than any kernel function. Rest parameters would allocate an
 * array.
 */
const wrap: (call: Call) => Call = runInNewContext(
  '(call) => (a, b, c, d, e, f, g, h, i, j, k) => call(a, b, c, d, e, f, g, h, i, j, k)',
);

/**
 * Wraps a kernel in functions of another V8 context, which V8 never inlines. V8 does not inline the
 * real kernel's functions either. Therefore a number that is not a small integer is passed to them
 * as an allocated heap object, here as there.
 */
export function asForeign(kernel: Kernel): Kernel {
  const functions = Object.entries(kernel).map(([name, call]) => [name, wrap(call as Call)]);
  return Object.fromEntries(functions) as Kernel;
}
