import { performance } from 'node:perf_hooks';
import { type Kernel, ntKernel } from 'ntdllx';
import { PollerError } from './errors.js';
import { show } from './show.js';
import type { WayName } from './way.js';

/** How a poller works; every one has a default. */
export interface PollerOptions {
  /**
   * On which handles polls are made. `group`, the default: one request for up to 64 sockets, on
   * handles to the socket driver; sockets stay free to be polled elsewhere. `helper`: as that, with a
   * request for each socket. `self`: on each socket's own handle; no handle more, and the socket
   * belongs to this poller's port for life.
   */
  readonly way?: WayName;
  /** With `group` and `helper`: how many requests share a handle, 1 to 4,096; default 128. */
  readonly pollsPerHelper?: number;
  /**
   * With `helper`: a poll that succeeds at once posts no packet (FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)
   * and is told of without asking the port; default true.
   */
  readonly skipsPacketOnSuccess?: boolean;
  /** Lets `wait` block Node's main thread, and with it the event loop; default false. */
  readonly allowMainThread?: boolean;
  /** How long `close` waits for the kernel to let go, in milliseconds; default 2,000. */
  readonly closeLimitMs?: number;
  /** The kernel to work on; the real one by default. */
  readonly kernel?: Kernel;
  /** A clock that never goes back, in milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

/** All of them. */
export type CheckedOptions = Required<PollerOptions>;

const known = {
  way: (value: unknown) => ['self', 'helper', 'group'].includes(value as string),
  pollsPerHelper: (value: unknown) => isWhole(value, 1, 4_096),
  skipsPacketOnSuccess: (value: unknown) => typeof value === 'boolean',
  allowMainThread: (value: unknown) => typeof value === 'boolean',
  closeLimitMs: (value: unknown) => isWhole(value, 0, 600_000),
  kernel: (value: unknown) =>
    typeof (value as Kernel | null)?.NtRemoveIoCompletionEx === 'function',
  now: (value: unknown) => typeof value === 'function' && isClock(value as () => unknown),
} as const satisfies Record<keyof PollerOptions, (value: unknown) => boolean>;

function isClock(now: () => unknown): boolean {
  try {
    return Number.isFinite(now());
  } catch {
    return false;
  }
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** @throws {PollerError} `ERR_POLLER_ARGUMENT` naming the option. */
export function readOptions(options: PollerOptions): CheckedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new PollerError('ERR_POLLER_ARGUMENT', `Options are an object, got ${show(options)}.`);
  }
  const defaults: CheckedOptions = {
    way: 'group',
    pollsPerHelper: 128,
    skipsPacketOnSuccess: true,
    allowMainThread: false,
    closeLimitMs: 2_000,
    kernel: ntKernel,
    now: () => performance.now(),
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    const isRight = Object.hasOwn(known, name) ? known[name as keyof PollerOptions](value) : false;
    if (isRight) continue;
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `The option ${name} cannot be ${show(value)}; there are ${Object.keys(known).join(', ')}.`,
    );
  }
  return { ...defaults, ...Object.fromEntries(given) };
}
