import type { HANDLE, Kernel } from 'ntdllx';
import type { SOCKET } from 'ntdllx/ws2_32';
import { Core } from './core.js';
import type { FileKind } from './files.js';
import type { Injection, Injections } from './injections.js';
import { kernel32Files } from './kernel32-files.js';
import type { MemoryUse } from './memory.js';
import { fileFunctions } from './ntdll-file.js';
import { portFunctions } from './ntdll-port.js';
import { type Profile, type ProfileName, profiles } from './profiles.js';
import { SimSocket } from './sim-socket.js';
import { dataFunctions } from './winsock-data.js';
import { optionFunctions } from './winsock-options.js';
import { setupFunctions } from './winsock-setup.js';

/** What a simulated kernel is to be like. */
export interface SimNtOptions {
  /** Where all chance comes from: the same seed and the same calls give the same results. */
  readonly seed: number;
  /** Which kernel is played; `wine8` by default. */
  readonly profile?: ProfileName;
  /**
   * `eager`, the default: what is sent has arrived when the call returns. `lazy`: segments, connects
   * and datagrams arrive one by one, on later calls or as time passes, when the seed says so.
   */
  readonly network?: 'eager' | 'lazy';
  /** How much a TCP socket buffers, each way, until SO_SNDBUF or SO_RCVBUF says otherwise: 16 KiB. */
  readonly bufferBytes?: number;
  /** What NT may do and seldom does; all off by default. */
  readonly inject?: Partial<Injections>;
  /** Watches the program's memory; on by default. Off is for benches. */
  readonly isStrict?: boolean;
}

/** A simulated kernel and what a test may do with it. */
export interface SimNt {
  /** Hand it to `SocketCreator`, or to whatever takes a `Kernel`. */
  readonly kernel: Kernel;
  readonly profile: Profile;
  /** What the program did that no program may do, in words. Empty, or there is a bug. */
  readonly violations: readonly string[];
  /** How often each function was called, by name. */
  readonly calls: Readonly<Record<string, number>>;
  /** How many polls are pending. */
  readonly pending: number;
  /** How many polls ended and have a packet that is under way, or not taken from its port yet. */
  readonly untaken: number;
  /** How often each injection happened, by name. */
  readonly injected: Readonly<Injections>;
  /** How many handles are open. */
  readonly handles: number;
  /** How much memory is allocated. */
  readonly memory: MemoryUse;
  /** What is at a path; undefined where there is nothing. */
  fileAt(path: string): FileKind | undefined;
  /** Makes a file, or a directory, or a socket's file whose server is gone; replaces what is there. */
  makeFile(path: string, kind: FileKind): void;
  /** The AFD_POLL_* bits that are true of a socket now; nothing is changed. 0 for what is none. */
  bitsOf(socket: HANDLE | SOCKET): number;
  /** How many polls are pending on a socket. */
  pollsOf(socket: HANDLE | SOCKET): number;
  /** Simulated time in ms, from 0; a clock for whoever takes one. */
  readonly nowMs: () => number;
  /** NT's system time, in 100 ns, for absolute time-outs. */
  readonly systemTime100ns: () => bigint;
  /** Lets time pass; all that is under way arrives, and what is planned until then is done. */
  advance(byMs: number): void;
  /** Delivers one segment. @returns false when nothing is under way that could arrive. */
  step(): boolean;
  /** Delivers all that is under way; no time passes. */
  deliver(): void;
  /** Does something at a simulated time, as another thread would: post a packet, above all. */
  at(atMs: number, run: () => void): void;
  /** Changes probabilities; what is not named stays. */
  inject(injections: Partial<Injections>): void;
  /** Makes something happen on its next occasions, whatever its probability. */
  force(injection: Injection, count?: number): void;
}

/**
 * Makes a kernel of its own, with no memory, no handle and no socket.
 *
 * @throws {RangeError} for a seed or a probability that is none.
 */
export function createSimNt(options: SimNtOptions): SimNt {
  if (!Number.isInteger(options.seed)) {
    throw new RangeError(`A seed is a whole number, got ${options.seed}.`);
  }
  const profile = profiles[options.profile ?? 'wine8'];
  const core = new Core({
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
        // Winsock's last error is the thread's own.
        const { lastError } = core;
        run();
        core.lastError = lastError;
      });
    },
    inject: (injections) => core.dice.set(injections),
    force: (injection, count = 1) => core.dice.force(injection, count),
  };
}
