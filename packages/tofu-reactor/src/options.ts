import { type Kernel, ntKernel, showValue } from 'ntdllx';
import { ReactorError } from './errors.js';
import type { PortWatchFactory } from './port-watch.js';
import type { ThreadStarter } from './thread-watch.js';

/** How a reactor lives in its process. */
export type ReactorMode = 'loop' | 'thread' | 'blocking';

/** How a reactor works; every option has a default. */
export interface ReactorOptions {
  /**
   * `loop`: inside Node's own event loop, beside timers, files and HTTP; no thread is blocked. Main
   * thread only. `thread`: the same with an I/O thread that waits for packets; also in workers, and where
   * `loop` is not possible. `blocking`: `run()` blocks its thread while nothing is ready; for workers and
   * programs of the command line. `auto`, the default: `loop` where the host has what it takes, otherwise
   * `thread`; `inspect().reason` says why.
   */
  readonly mode?: ReactorMode | 'auto';
  /** What `inspect()` calls it; default `reactor`. */
  readonly name?: string;
  /** How many connections it has at the most; servers stop accepting meanwhile. Default 100,000. */
  readonly maxConnections?: number;
  /** How many bytes may wait to be sent on one connection before `write` refuses; default 16 MiB. */
  readonly maxBufferedBytes?: number;
  /** The same on all of them together; servers do not accept meanwhile. Default 256 MiB. */
  readonly maxBufferedBytesInAll?: number;
  /**
   * `blocking`: how long one wait blocks at the most, in milliseconds, 1 or more; default 50. Timers,
   * messages and signals of this thread wait as long. `Infinity`: until something is ready.
   */
  readonly maxBlockMs?: number;
}

/** What tests put in the place of the real thing. */
export interface ReactorSeams {
  /** Default: the kernel of this process. */
  readonly kernel?: Kernel;
  /** Default: the system's wait pool and Node's `uv_async_send`. */
  readonly watchPort?: PortWatchFactory;
  /** Default: a worker that runs `io-thread`. */
  readonly startThread?: ThreadStarter;
  /** A clock that never goes back, in milliseconds; default: the poller's. */
  readonly now?: () => number;
}

/** All of them, checked. */
export type CheckedOptions = Required<ReactorOptions> &
  Required<Pick<ReactorSeams, 'kernel'>> &
  Pick<ReactorSeams, 'watchPort' | 'startThread' | 'now'>;

const isWhole = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 1;

/** What an option may be, and in words what it must be. */
const known: Record<
  keyof (ReactorOptions & ReactorSeams),
  readonly [(value: unknown) => boolean, string]
> = {
  mode: [
    (value) => ['auto', 'loop', 'thread', 'blocking'].includes(String(value)),
    'auto, loop, thread or blocking',
  ],
  name: [(value) => typeof value === 'string' && value !== '', 'a text'],
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
 * A copy of options without those that are undefined, each read once.
 *
 * @throws {ReactorError} `ERR_REACTOR_ARGUMENT` for an unknown option, or a value of the wrong kind.
 */
export function checkOptions<T extends object>(
  given: T,
  rules: Readonly<Record<string, readonly [(value: unknown) => boolean, string]>>,
  call: string,
): Partial<T> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrong(`${call} takes options as an object, got ${showValue(given)}.`);
  }
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [name, value] of entries) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const names = Object.keys(rules).join(', ');
      throw wrong(`${call} has no option ${name}; there are ${names}.`);
    }
    const [isRight, wanted] = rule;
    if (isRight(value)) continue;
    throw wrong(`The option ${name} is ${wanted}, got ${showValue(value)}.`);
  }
  return Object.fromEntries(entries) as Partial<T>;
}

function wrong(message: string): ReactorError {
  return new ReactorError('ERR_REACTOR_ARGUMENT', message);
}
