import { performance } from 'node:perf_hooks';
import { type Kernel, ntKernel, showValue } from 'ntdllx';
import { PollerError } from './errors.js';

/** Options of a poller; every option has a default. */
export interface PollerOptions {
  /**
   * The largest number of sockets in one AFD_POLL, 1 to 64; default 64. With more than one, idle
   * sockets cost less. But `remove` then cancels the whole request, and the next wait resubmits
   * its other sockets.
   */
  readonly socketsPerRequest?: number;
  /**
   * The handle that polls are submitted on. `afd`, the default: handles of the socket driver; a
   * socket may be registered with several pollers. `socket`: each socket's own handle, one socket
   * per request. This needs no additional handle, but a socket then belongs to this poller's port
   * for life.
   */
  readonly handle?: 'afd' | 'socket';
  /** With `handle: 'afd'`: how many requests share a handle, 1 to 4,096; default 128. */
  readonly requestsPerHandle?: number;
  /** Lets `wait` block Node's main thread, and with it the event loop; default false. */
  readonly allowMainThread?: boolean;
  /**
   * How long `close` waits for the last requests to complete, in milliseconds, 0 to 600,000;
   * default 2,000.
   */
  readonly closeLimitMs?: number;
}

/** The kernel and the clock of a poller; the defaults are those of this process. */
export interface KernelOptions {
  /** Default: the kernel of this process. */
  readonly kernel?: Kernel;
  /** A monotonic clock, in milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

/** All options, with their defaults filled in. */
export type CheckedOptions = Required<PollerOptions & KernelOptions>;

/**
 * The three polling strategies, to be spread into the options. `batched` is the default: it is the
 * fastest of the three under Wine. On Windows none was measured, so the default is provisional.
 */
export const presets = {
  batched: { socketsPerRequest: 64, handle: 'afd' },
  single: { socketsPerRequest: 1, handle: 'afd' },
  self: { socketsPerRequest: 1, handle: 'socket' },
} as const satisfies Record<string, PollerOptions>;

/** For each option: a check of its value, and a description of the valid values. */
const known: Record<keyof CheckedOptions, readonly [(value: unknown) => boolean, string]> = {
  socketsPerRequest: [isWhole(1, 64), 'a whole number from 1 to 64'],
  handle: [(value) => value === 'afd' || value === 'socket', '"afd" or "socket"'],
  requestsPerHandle: [isWhole(1, 4_096), 'a whole number from 1 to 4,096'],
  allowMainThread: [(value) => typeof value === 'boolean', 'true or false'],
  closeLimitMs: [isWhole(0, 600_000), 'a whole number from 0 to 600,000'],
  kernel: [
    (value) => typeof (value as Kernel | null)?.NtRemoveIoCompletionEx === 'function',
    'a Kernel',
  ],
  now: [(value) => typeof value === 'function' && isClock(value as () => unknown), 'a clock'],
};

function isWhole(least: number, most: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

function isClock(now: () => unknown): boolean {
  try {
    return Number.isFinite(now());
  } catch {
    return false;
  }
}

/** @throws {PollerError} `ERR_POLLER_ARGUMENT` naming the option. */
export function readOptions(options: PollerOptions & KernelOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      'The options of a poller must be an object such as { closeLimitMs: 500 }, ' +
        `got ${showValue(options)}.`,
    );
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known).slice(0, -2).join(', ');
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        `A poller has no option ${name}: check the spelling. Its options are ${names}.`,
      );
    }
    const [isRight, wanted] = known[name as keyof CheckedOptions];
    if (isRight(value)) continue;
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `The option ${name} must be ${wanted}, got ${showValue(value)}.`,
    );
  }
  const defaults = {
    ...presets.batched,
    requestsPerHandle: 128,
    allowMainThread: false,
    closeLimitMs: 2_000,
    kernel: ntKernel,
    now: () => performance.now(),
  };
  // `handle: 'socket'` implies one socket per request, so the caller need not give the size.
  const sizes = options.handle === 'socket' ? { socketsPerRequest: 1 } : {};
  const checked: CheckedOptions = { ...defaults, ...sizes, ...Object.fromEntries(given) };
  if (checked.handle === 'afd' || checked.socketsPerRequest === 1) return checked;
  throw new PollerError(
    'ERR_POLLER_ARGUMENT',
    `The option socketsPerRequest is ${checked.socketsPerRequest}, but with handle: "socket" each ` +
      'request polls one socket: leave socketsPerRequest out, or use handle: "afd".',
  );
}
