import { AsyncResource } from 'node:async_hooks';
import { showValue } from 'ntdllx';
import { ReactorError } from './errors.js';

/**
 * A function of the caller's, which runs in the async context that it was given in: AsyncLocalStorage
 * sees the stores of that call. It never throws into the reactor: see {@link reportUncaught}.
 */
export class Callback<Arg> {
  readonly run: (arg: Arg) => unknown;
  readonly #resource = new AsyncResource('TOFUREACTOR');

  constructor(run: (arg: Arg) => unknown) {
    this.run = run;
  }

  /** Runs it. What it throws goes to `uncaughtException`. */
  call(arg: Arg): void {
    try {
      this.#resource.runInAsyncScope(this.run, undefined, arg);
    } catch (error) {
      reportUncaught(error);
    }
  }
}

/** @throws {ReactorError} `ERR_REACTOR_ARGUMENT` for what is neither a function nor undefined. */
export function callbackOf<Arg>(
  name: string,
  run: ((arg: Arg) => unknown) | undefined,
): Callback<Arg> | undefined {
  if (run === undefined) return undefined;
  if (typeof run === 'function') return new Callback(run);
  throw new ReactorError(
    'ERR_REACTOR_ARGUMENT',
    `${name} is a function or undefined, got ${showValue(run)}.`,
  );
}

/**
 * Hands an error to `uncaughtException`, at once, and not into what called: libuv cannot be thrown
 * through, and Node would report such an exception only when it enters JavaScript the next time.
 */
export function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
