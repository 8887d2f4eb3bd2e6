import { AsyncResource } from 'node:async_hooks';
import { showValue } from 'ntdllx';
import { ReactorError } from './errors.js';

/**
 * A callback of the program. It runs in the async context in which it was set, so that
 * AsyncLocalStorage has the stores of that context. An exception never reaches the reactor: see
 * {@link reportUncaught}.
 */
export class Callback<Arg> {
  readonly run: (arg: Arg) => unknown;
  readonly #resource = new AsyncResource('TOFUREACTOR');

  constructor(run: (arg: Arg) => unknown) {
    this.run = run;
  }

  /** Runs the callback. An exception is reported to `uncaughtException`. */
  call(arg: Arg): void {
    try {
      this.#resource.runInAsyncScope(this.run, undefined, arg);
    } catch (error) {
      reportUncaught(error);
    }
  }
}

/** @throws {ReactorError} `ERR_REACTOR_ARGUMENT` unless it is a function or undefined. */
export function callbackOf<Arg>(
  name: string,
  run: ((arg: Arg) => unknown) | undefined,
): Callback<Arg> | undefined {
  if (run === undefined) return undefined;
  if (typeof run === 'function') return new Callback(run);
  throw new ReactorError(
    'ERR_REACTOR_ARGUMENT',
    `The callback ${name} must be a function or undefined, got ${showValue(run)}.`,
  );
}

/**
 * Reports an error to `uncaughtException` at once, without throwing it to the caller. An exception
 * cannot pass through libuv, and Node would report it only when it next enters JavaScript.
 */
export function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
