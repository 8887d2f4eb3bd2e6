import { inspect } from 'node:util';
import { isUint8Array } from 'node:util/types';
import { DEBUG } from './debug.js';
import type {
  ForeignArgument as Arg,
  ForeignFunction,
  NativeFunction,
} from './foreign-function.js';
import { callObserved, observer } from './observe.js';

// One function for each number of parameters, because a rest parameter is an array per call. While
// there is no observer a call costs one comparison here, and nothing on the heap; a test holds that.

/** Makes the function that the program calls, by the number of parameters. */
export const trampolines: readonly ((f: ForeignFunction) => NativeFunction)[] = [
  (f) => () => (observer === undefined ? f.call() : callObserved(f, [])),
  (f) => (a: Arg) => {
    if (DEBUG) requireWhole(f, a);
    return observer === undefined ? f.call(a) : callObserved(f, [a]);
  },
  (f) => (a: Arg, b: Arg) => {
    if (DEBUG) requireWhole(f, a, b);
    return observer === undefined ? f.call(a, b) : callObserved(f, [a, b]);
  },
  (f) => (a: Arg, b: Arg, c: Arg) => {
    if (DEBUG) requireWhole(f, a, b, c);
    return observer === undefined ? f.call(a, b, c) : callObserved(f, [a, b, c]);
  },
  (f) => (a: Arg, b: Arg, c: Arg, d: Arg) => {
    if (DEBUG) requireWhole(f, a, b, c, d);
    return observer === undefined ? f.call(a, b, c, d) : callObserved(f, [a, b, c, d]);
  },
  (f) => (a: Arg, b: Arg, c: Arg, d: Arg, e: Arg) => {
    if (DEBUG) requireWhole(f, a, b, c, d, e);
    return observer === undefined ? f.call(a, b, c, d, e) : callObserved(f, [a, b, c, d, e]);
  },
  (f) => (a: Arg, b: Arg, c: Arg, d: Arg, e: Arg, g: Arg) => {
    if (DEBUG) requireWhole(f, a, b, c, d, e, g);
    if (observer === undefined) return f.call(a, b, c, d, e, g);
    return callObserved(f, [a, b, c, d, e, g]);
  },
  (f) => (a: Arg, b: Arg, c: Arg, d: Arg, e: Arg, g: Arg, h: Arg) => {
    if (DEBUG) requireWhole(f, a, b, c, d, e, g, h);
    if (observer === undefined) return f.call(a, b, c, d, e, g, h);
    return callObserved(f, [a, b, c, d, e, g, h]);
  },
  (f) => (a: Arg, b: Arg, c: Arg, d: Arg, e: Arg, g: Arg, h: Arg, i: Arg) => {
    if (DEBUG) requireWhole(f, a, b, c, d, e, g, h, i);
    if (observer === undefined) return f.call(a, b, c, d, e, g, h, i);
    return callObserved(f, [a, b, c, d, e, g, h, i]);
  },
  (f) => (a: Arg, b: Arg, c: Arg, d: Arg, e: Arg, g: Arg, h: Arg, i: Arg, j: Arg) => {
    if (DEBUG) requireWhole(f, a, b, c, d, e, g, h, i, j);
    if (observer === undefined) return f.call(a, b, c, d, e, g, h, i, j);
    return callObserved(f, [a, b, c, d, e, g, h, i, j]);
  },
  (f) => (a: Arg, b: Arg, c: Arg, d: Arg, e: Arg, g: Arg, h: Arg, i: Arg, j: Arg, k: Arg) => {
    if (DEBUG) requireWhole(f, a, b, c, d, e, g, h, i, j, k);
    if (observer === undefined) return f.call(a, b, c, d, e, g, h, i, j, k);
    return callObserved(f, [a, b, c, d, e, g, h, i, j, k]);
  },
  (f) =>
    (a: Arg, b: Arg, c: Arg, d: Arg, e: Arg, g: Arg, h: Arg, i: Arg, j: Arg, k: Arg, l: Arg) => {
      if (DEBUG) requireWhole(f, a, b, c, d, e, g, h, i, j, k, l);
      if (observer === undefined) return f.call(a, b, c, d, e, g, h, i, j, k, l);
      return callObserved(f, [a, b, c, d, e, g, h, i, j, k, l]);
    },
];

/**
 * 1 or 0, to be counted. koffi itself refuses bytes where a number is declared, and a number that is
 * no address for bytes.
 */
const isWhole = (arg: Arg | undefined): 0 | 1 =>
  Number.isSafeInteger(arg) || typeof arg === 'bigint' || isUint8Array(arg) ? 1 : 0;

/** As an error shows it, shortly. Of an object nothing is asked: that might run code of its own. */
function show(arg: unknown): string {
  if (typeof arg === 'function') return 'a function';
  if (typeof arg === 'object' && arg !== null) return 'an object';
  return inspect(arg, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 });
}

/**
 * koffi makes 0 of NaN. As an ApcContext that is "no packet", as a time-out "for ever". A trampoline
 * hands over as many as the row has, so that one that is missing is not whole either.
 */
function requireWhole(
  f: ForeignFunction,
  a: Arg,
  b?: Arg,
  c?: Arg,
  d?: Arg,
  e?: Arg,
  g?: Arg,
  h?: Arg,
  i?: Arg,
  j?: Arg,
  k?: Arg,
  l?: Arg,
): void {
  const { params } = f.prototype;
  const firstHalf = isWhole(a) + isWhole(b) + isWhole(c) + isWhole(d) + isWhole(e);
  const rest = isWhole(g) + isWhole(h) + isWhole(i) + isWhole(j) + isWhole(k) + isWhole(l);
  if (firstHalf + rest === params.length) return;
  for (const [index, arg] of [a, b, c, d, e, g, h, i, j, k, l].entries()) {
    if (isWhole(arg) === 1) continue;
    const parameter = params[index]?.[0];
    throw new TypeError(`${f.name}: ${parameter} is ${show(arg)}, and no whole number`);
  }
}

/** Adds the zeros that short system calls of ntdll are declared with, up to five arguments. */
export const paddings: readonly ((call: NativeFunction) => NativeFunction)[] = [
  (call) => () => call(0, 0, 0, 0, 0),
  (call) => (a) => call(a as Arg, 0, 0, 0, 0),
  (call) => (a, b) => call(a as Arg, b as Arg, 0, 0, 0),
  (call) => (a, b, c) => call(a as Arg, b as Arg, c as Arg, 0, 0),
  (call) => (a, b, c, d) => call(a as Arg, b as Arg, c as Arg, d as Arg, 0),
];
