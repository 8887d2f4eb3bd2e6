import { constants } from 'node:os';
import { WinnodeError } from './errors.js';

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Signals that do not end this process, so that it can complete or undo an operation. */
export interface HeldSignals {
  /** The first signal that arrived while there was no listener; undefined if there was none. */
  readonly first: NodeJS.Signals | undefined;
  /** Calls the listener with each signal, until the returned function is called. */
  listen(listener: (signal: NodeJS.Signals) => void): () => void;
  /** Restores the previous handling of signals. */
  release(): void;
}

/** Keeps SIGINT, SIGTERM and SIGHUP from ending this process. */
export function holdSignals(): HeldSignals {
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  let first: NodeJS.Signals | undefined;
  const take = (signal: NodeJS.Signals) => {
    if (listeners.size === 0) first ??= signal;
    for (const listener of listeners) listener(signal);
  };
  for (const signal of signals) process.on(signal, take);
  return {
    get first() {
      return first;
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    release() {
      for (const signal of signals) process.off(signal, take);
    },
  };
}

/** The exit code with which a shell reports that a signal ended a program. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The error of a preparation that a signal ended; it leaves nothing behind. */
export class InterruptedError extends WinnodeError {
  /** The signal, such as `SIGINT`. */
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super('ERR_INTERRUPTED', `Ended by ${signal} before anything ran.`, 'Run it again.');
    this.signal = signal;
  }
}
