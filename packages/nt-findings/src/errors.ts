import { constants } from 'node:os';

/**
 * An error of nt-findings itself: what failed in `message`, what to do about it in `hint`.
 */
export class ProbeError extends Error {
  /**
   * `ERR_USAGE`: the arguments are wrong. `ERR_PROBE`: this host cannot run the probes. `ERR_WRITE`:
   * a file cannot be written.
   */
  readonly code: 'ERR_USAGE' | 'ERR_PROBE' | 'ERR_WRITE';
  /** What to do about it: for example a command to type, or a setting to change. */
  readonly hint: string;

  constructor(code: ProbeError['code'], message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProbeError';
    this.code = code;
    this.hint = hint;
  }
}

/** A signal ended the probing. No process that it started remains. */
export class ProbeInterruptedError extends Error {
  /** The signal, such as `SIGINT`. */
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`Ended by ${signal}.`);
    this.name = 'ProbeInterruptedError';
    this.signal = signal;
  }

  /** 128 + the number of the signal, as in a shell. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}
