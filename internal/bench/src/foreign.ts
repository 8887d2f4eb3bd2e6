import { runInNewContext } from 'node:vm';
import type { Kernel } from 'ntdllx';

type Call = (...args: unknown[]) => unknown;

/** As many parameters as any function of a kernel has, and one more: a list of them would be an array. */
const wrap: (call: Call) => Call = runInNewContext(
  '(call) => (a, b, c, d, e, f, g, h, i, j, k) => call(a, b, c, d, e, f, g, h, i, j, k)',
);

/**
 * The same kernel behind functions that V8 never inlines, for they are of another context. So it is
 * with the real one's: a number that is no small one is handed over as an object, which some way or
 * other has to be there.
 */
export function asForeign(kernel: Kernel): Kernel {
  const functions = Object.entries(kernel).map(([name, call]) => [name, wrap(call as Call)]);
  return Object.fromEntries(functions) as Kernel;
}
