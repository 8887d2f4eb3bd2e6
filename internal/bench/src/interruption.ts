import { constants } from 'node:os';

/** A signal ended the run: servers were closed and nothing was written. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}; no results were written.`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Records the first signal, so that a run can end between two measurements. */
export class Interruption {
  #first: NodeJS.Signals | undefined;
  readonly #take = (signal: NodeJS.Signals) => {
    this.#first ??= signal;
  };

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, this.#take);
  }

  /** @throws {Interrupted} if a signal has arrived. */
  check(): void {
    if (this.#first !== undefined) throw new Interrupted(this.#first);
  }

  /** Restores the previous handling of signals. */
  release(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, this.#take);
  }
}
