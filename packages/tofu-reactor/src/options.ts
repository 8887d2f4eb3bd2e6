import { type Kernel, ntKernel, showValue } from 'ntdllx';
import { ReactorError } from './errors.js';
import type { PortWatchFactory } from './port-watch.js';
import type { ThreadStarter } from './thread-watch.js';

/** How a reactor waits for its packets. */
export type ReactorMode = 'loop' | 'thread' | 'blocking';

/** Options of a reactor; every option has a default. */
export interface ReactorOptions {
  /**
   * `loop`: runs inside Node's own event loop, beside timers, files and HTTP, and blocks no
   * thread. Main thread only. `thread`: runs there, too, but an I/O thread waits for packets; also
   * in workers, and on hosts without `loop`. `blocking`: `run()` blocks its thread while nothing
   * is ready; for workers and command-line programs. `auto`, the default: `loop` if the host
   * supports it, otherwise `thread`; `inspect().reason` says why.
   */
  readonly mode?: ReactorMode | 'auto';
  /** The name in `inspect()`, diagnostics messages and traces; default `reactor`. */
  readonly name?: string;
  /** The largest number of connections. At this number servers stop accepting. Default 100,000. */
  readonly maxConnections?: number;
  /**
   * How many unsent bytes one connection may buffer before its `write` refuses; default 16 MiB.
   */
  readonly maxBufferedBytes?: number;
  /**
   * The same limit for all connections together. At this limit servers also stop accepting.
   * Default 256 MiB.
   */
  readonly maxBufferedBytesInAll?: number;
  /**
   * For the mode `blocking`: the longest time that one wait blocks, in milliseconds, 1 or more;
   * default 50. Timers, messages and signals of this thread are delayed by up to this time. With
   * `Infinity` a wait blocks until something is ready.
   */
  readonly maxBlockMs?: number;
}

/** Parts of a reactor that tests replace. */
export interface ReactorSeams {
  /** Default: the kernel of this process. */
  readonly kernel?: Kernel;
  /** Default: the system's wait pool and Node's `uv_async_send`. */
  readonly watchPort?: PortWatchFactory;
  /** Default: a worker that runs `io-thread`. */
  readonly startThread?: ThreadStarter;
  /** A monotonic clock, in milliseconds; default: that of the poller. */
  readonly now?: () => number;
}

/** All options, checked, with their defaults filled in. */
export type CheckedOptions = Required<ReactorOptions> &
  Required<Pick<ReactorSeams, 'kernel'>> &
  Pick<ReactorSeams, 'watchPort' | 'startThread' | 'now'>;

const isWhole = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 1;

/** For each option: a check of its value, and a description of the valid values. */
const known: Record<
  keyof (ReactorOptions & ReactorSeams),
  readonly [(value: unknown) => boolean, string]
> = {
  mode: [
    (value) => ['auto', 'loop', 'thread', 'blocking'].includes(String(value)),
    'auto, loop, thread or blocking',
  ],
  name: [(value) => typeof value === 'string' && value !== '', 'a string that is not empty'],
  maxConnections: [isWhole, 'a whole number from 1'],
  maxBufferedBytes: [isWhole, 'a whole number from 1'],
  maxBufferedBytesInAll: [isWhole, 'a whole number from 1'],
  maxBlockMs: [(value) => typeof value === 'number' && value >= 1, 'a number from 1'],
  kernel: [(value) => typeof (value as Kernel | null)?.WSASocketW === 'function', 'a Kernel'],
  watchPort: [(value) => typeof value === 'function', 'a function'],
  startThread: [(value) => typeof value === 'function', 'a function'],
  now: [(value) => typeof value === 'function', 'a clock'],
};

/** @throws {ReactorError} `ERR_REACTOR_ARGUMENT` naming the option. */
export function readOptions(given: ReactorOptions & ReactorSeams): CheckedOptions {
  const options = checkOptions(given, known, 'Reactor');
  return {
    mode: 'auto',
    name: 'reactor',
    maxConnections: 100_000,
    maxBufferedBytes: 2 ** 24,
    maxBufferedBytesInAll: 2 ** 28,
    maxBlockMs: 50,
    kernel: ntKernel,
    ...options,
  };
}

/**
 * Copies options, without those that are undefined. Each option is read only once.
 *
 * @throws {ReactorError} `ERR_REACTOR_ARGUMENT` for an unknown option, or a value of the wrong
 *   kind.
 */
export function checkOptions<T extends object>(
  given: T,
  rules: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>>,
  call: string,
): Partial<T> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrong(`The options of ${call} must be an object, got ${showValue(given)}.`);
  }
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [name, value] of entries) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const names = Object.keys(rules).join(', ');
      throw wrong(`${call} has no option ${name}: check the spelling. Its options are ${names}.`);
    }
    const [isRight, wanted] = rule;
    if (isRight(value)) continue;
    throw wrong(`The option ${name} must be ${wanted}, got ${showValue(value)}.`);
  }
  return Object.fromEntries(entries) as Partial<T>;
}

function wrong(message: string): ReactorError {
  return new ReactorError('ERR_REACTOR_ARGUMENT', message);
}
