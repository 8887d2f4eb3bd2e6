import { constants } from 'node:os';

/** Why the findings cannot be probed, or not as asked: what failed, and what to do about it. */
export class ProbeError extends Error {
  /** `ERR_USAGE`: what was asked for is wrong. `ERR_PROBE`: this host cannot. */
  readonly code: 'ERR_USAGE' | 'ERR_PROBE';
  /** What to type or change next. */
  readonly hint: string;

  constructor(code: ProbeError['code'], message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProbeError';
    this.code = code;
    this.hint = hint;
  }
}

/** A signal ended the probing; nothing that it started is left. */
export class ProbeInterruptedError extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`Ended by ${signal}.`);
    this.name = 'ProbeInterruptedError';
    this.signal = signal;
  }

  /** 128 and the number of the signal, as a shell has it. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}
