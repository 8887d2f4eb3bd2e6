import { runInNewContext } from 'node:vm';
import type { Kernel } from 'ntdllx';

type Call = (...args: unknown[]) => unknown;

/** One parameter more than any kernel function has: rest parameters would allocate an array. */
const wrap: (call: Call) => Call = runInNewContext(
  '(call) => (a, b, c, d, e, f, g, h, i, j, k) => call(a, b, c, d, e, f, g, h, i, j, k)',
);

/**
 * The same kernel behind functions of another context, which V8 never inlines. V8 does not inline
 * the real kernel's functions either: a number that is not a small integer is passed as a heap
 * object, which must exist.
 */
export function asForeign(kernel: Kernel): Kernel {
  const functions = Object.entries(kernel).map(([name, call]) => [name, wrap(call as Call)]);
  return Object.fromEntries(functions) as Kernel;
}
