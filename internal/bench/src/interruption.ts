import { constants } from 'node:os';

/** The end by a signal: what was begun is ended in order, and nothing is written. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`Ended by ${signal}; nothing was written.`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Notes the first signal, so that a run can end between two measurements. */
export class Interruption {
  #first: NodeJS.Signals | undefined;
  readonly #take = (signal: NodeJS.Signals) => {
    this.#first ??= signal;
  };

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, this.#take);
  }

  /** @throws {Interrupted} when there was one. */
  check(): void {
    if (this.#first !== undefined) throw new Interrupted(this.#first);
  }

  /** Signals do again what they did before. */
  release(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, this.#take);
  }
}
