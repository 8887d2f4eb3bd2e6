import type { HANDLE, Kernel } from 'ntdllx';
import type { SOCKET } from 'ntdllx/ws2_32';
import type { FileKind } from './files.js';
import type { Injection, Injections } from './injections.js';
import { kernel32Files } from './kernel32-files.js';
import type { MemoryUse } from './memory.js';
import { fileFunctions } from './ntdll-file.js';
import { portFunctions } from './ntdll-port.js';
import { SimSocket } from './objects.js';
import { type Profile, type ProfileName, profiles } from './profiles.js';
import { SimCore } from './sim-core.js';
import { dataFunctions } from './winsock-data.js';
import { optionFunctions } from './winsock-options.js';
import { setupFunctions } from './winsock-setup.js';

/** Options of a simulated kernel. */
export interface SimNtOptions {
  /** The source of all randomness: the same seed and the same calls give the same results. */
  readonly seed: number;
  /** The kernel to simulate; `wine8` by default. */
  readonly profile?: ProfileName;
  /**
   * `eager`, the default: sent data has arrived when the call returns. `lazy`: segments, connects
   * and datagrams arrive one by one, on later calls or as time passes, as the seed decides.
   */
  readonly network?: 'eager' | 'lazy';
  /**
   * The buffer size of a TCP socket in each direction, unless SO_SNDBUF or SO_RCVBUF changes it:
   * 16 KiB.
   */
  readonly bufferBytes?: number;
  /** Rare behaviour that NT permits; all off by default. */
  readonly inject?: Partial<Injections>;
  /** Checks the program's use of memory; on by default. Benches turn it off. */
  readonly isStrict?: boolean;
}

/** A simulated kernel, and functions with which a test controls it. */
export interface SimNt {
  /** The kernel to pass to `SocketCreator` or to any function with a `Kernel` parameter. */
  readonly kernel: Kernel;
  readonly profile: Profile;
  /** Forbidden actions of the program, in words. If not empty, the program has a bug. */
  readonly violations: readonly string[];
  /** The number of calls of each function, by name. */
  readonly calls: Readonly<Record<string, number>>;
  /** The number of pending polls. */
  readonly pending: number;
  /** The number of completed polls whose packet is in transit or still on its port. */
  readonly untaken: number;
  /** The number of times that each injection happened, by name. */
  readonly injected: Readonly<Injections>;
  /** The number of open handles. */
  readonly handles: number;
  /** The amount of allocated memory. */
  readonly memory: MemoryUse;
  /** The kind of the file at a path; undefined if there is none. */
  fileAt(path: string): FileKind | undefined;
  /**
   * Creates a file, a directory, or the socket file of a closed server; replaces an existing file.
   */
  makeFile(path: string, kind: FileKind): void;
  /** The current AFD_POLL_* bits of a socket; changes nothing. 0 if the handle is not a socket. */
  bitsOf(socket: HANDLE | SOCKET): number;
  /** The number of pending polls of a socket. */
  pollsOf(socket: HANDLE | SOCKET): number;
  /** Simulated time in ms, from 0; can be passed as a clock. */
  readonly nowMs: () => number;
  /** NT's system time, in 100 ns, for absolute time-outs. */
  readonly systemTime100ns: () => bigint;
  /** Advances time: everything in transit arrives, and all events up to the new time run. */
  advance(byMs: number): void;
  /**
   * Delivers one segment.
   *
   * @returns false if nothing in transit can arrive
   */
  step(): boolean;
  /** Delivers everything in transit; time does not advance. */
  deliver(): void;
  /**
   * Runs a function at a simulated time, as another thread would, for example to post a packet.
   */
  at(atMs: number, run: () => void): void;
  /** Changes the given probabilities. */
  inject(injections: Partial<Injections>): void;
  /** Makes an injection happen the next times that it can, regardless of its probability. */
  force(injection: Injection, count?: number): void;
}

/**
 * Creates a kernel without memory, handles and sockets.
 *
 * @throws {RangeError} for an invalid seed or probability.
 */
export function createSimNt(options: SimNtOptions): SimNt {
  if (!Number.isInteger(options.seed)) {
    throw new RangeError(`The seed must be a whole number, got ${options.seed}.`);
  }
  const profile = profiles[options.profile ?? 'wine8'];
  const core = new SimCore({
    seed: options.seed,
    profile,
    isLazy: options.network === 'lazy',
    bufferBytes: options.bufferBytes ?? 16_384,
    isStrict: options.isStrict ?? true,
    inject: options.inject ?? {},
  });
  const kernel: Kernel = {
    allocate: (byteLength) => core.memory.allocate(byteLength),
    ...portFunctions(core),
    ...fileFunctions(core),
    ...setupFunctions(core),
    ...optionFunctions(core),
    ...dataFunctions(core),
    ...kernel32Files(core),
  };
  const socketOf = (handle: HANDLE | SOCKET) => {
    const object = core.handles.get(Number(handle));
    return object instanceof SimSocket ? object : undefined;
  };
  return {
    kernel,
    profile,
    violations: core.violations,
    calls: core.calls,
    get pending() {
      return core.polls.count;
    },
    get untaken() {
      return core.polls.untaken;
    },
    injected: core.dice.happened,
    get handles() {
      return core.handles.count;
    },
    get memory() {
      return core.memory.use;
    },
    fileAt: (path) => core.files.find(path)?.kind,
    makeFile: (path, kind) => core.files.make(path, kind),
    bitsOf: (socket) => socketOf(socket)?.bits ?? 0,
    pollsOf: (socket) => socketOf(socket)?.polls.length ?? 0,
    nowMs: () => core.clock.nowMs,
    systemTime100ns: () => core.clock.systemTime100ns,
    advance: (byMs) => core.advanceTo(core.clock.nowMs + byMs),
    step: () => {
      const isDone = core.network.step();
      core.settleMoment();
      return isDone;
    },
    deliver: () => core.network.deliverAll(),
    at: (atMs, run) => {
      core.clock.at(atMs, () => {
        // Winsock's last error belongs to the thread.
        const { lastError } = core;
        run();
        core.lastError = lastError;
      });
    },
    inject: (injections) => core.dice.set(injections),
    force: (injection, count = 1) => core.dice.force(injection, count),
  };
}
