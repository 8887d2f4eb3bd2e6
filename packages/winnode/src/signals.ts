import { constants } from 'node:os';
import { WinnodeError } from './errors.js';

const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Signals are held back, so that what was begun can be ended in order. */
export interface HeldSignals {
  /** The first signal that came; undefined if none did. */
  readonly first: NodeJS.Signals | undefined;
  /** Calls the listener with each signal, until the returned function is called. */
  listen(listener: (signal: NodeJS.Signals) => void): () => void;
  /** From here on signals do again what they did before. */
  release(): void;
}

/** Holds SIGINT, SIGTERM and SIGHUP back from ending this process. */
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

/** A shell's exit code for a program that a signal ended. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The error of a preparation that a signal ended; nothing is left of it. */
export class InterruptedError extends WinnodeError {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super('ERR_INTERRUPTED', `Ended by ${signal} before anything ran.`, 'Run it again.');
    this.signal = signal;
  }
}
