import { inspect } from 'node:util';
import { isUint8Array } from 'node:util/types';
import { DEBUG } from './debug.js';
import type {
  ForeignArgument as Arg,
  ForeignFunction,
  NativeFunction,
} from './foreign-function.js';
import { callObserved, observer } from './observe.js';

// One function for each number of parameters, because a rest parameter allocates an array per
// call. Without an observer a call costs one comparison here and allocates nothing; a test
// measures that.

/**
 * By the number of parameters: wraps a foreign function into the function that the program calls.
 */
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
 * 1 if the argument is an integer or a Uint8Array, otherwise 0; the caller adds these up. koffi
 * itself refuses a Uint8Array for a number, and an invalid address for a Uint8Array.
 */
const isWhole = (arg: Arg | undefined): 0 | 1 =>
  Number.isSafeInteger(arg) || typeof arg === 'bigint' || isUint8Array(arg) ? 1 : 0;

/**
 * Formats an argument for an error message. Does not inspect objects: that could run user code.
 */
function show(arg: unknown): string {
  if (typeof arg === 'function') return 'a function';
  if (typeof arg === 'object' && arg !== null) return 'an object';
  return inspect(arg, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 });
}

/**
 * Throws if an argument is neither an integer nor a Uint8Array. koffi would convert NaN to 0,
 * which as an ApcContext means "no packet" and as a time-out "for ever". A missing argument is
 * undefined here, so it fails the check, too.
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
    throw new TypeError(`${f.name}: ${parameter} is ${show(arg)}, which is not a whole number`);
  }
}

/** By the number of parameters: passes zeros for the missing ones of five; see the loader. */
export const paddings: readonly ((call: NativeFunction) => NativeFunction)[] = [
  (call) => () => call(0, 0, 0, 0, 0),
  (call) => (a) => call(a as Arg, 0, 0, 0, 0),
  (call) => (a, b) => call(a as Arg, b as Arg, 0, 0, 0),
  (call) => (a, b, c) => call(a as Arg, b as Arg, c as Arg, 0, 0),
  (call) => (a, b, c, d) => call(a as Arg, b as Arg, c as Arg, d as Arg, 0),
];
