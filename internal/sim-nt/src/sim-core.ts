import type { PointerSized } from 'ntdllx';
import { Clock } from './clock.js';
import type { Core } from './core.js';
import { Files } from './files.js';
import { HandleTable } from './handles.js';
import { Dice, type Injections } from './injections.js';
import { AddressSpace } from './memory.js';
import { Network } from './network.js';
import { FileObject, type Packet, Port, type SimSocket } from './objects.js';
import { Polls } from './polls.js';
import type { Profile } from './profiles.js';
import { Random } from './random.js';
import { Tcp } from './tcp.js';
import { Udp } from './udp-socket.js';
import { Unix } from './unix.js';

/** The options of a simulated kernel. */
export interface CoreOptions {
  readonly seed: number;
  readonly profile: Profile;
  readonly isLazy: boolean;
  readonly bufferBytes: number;
  readonly isStrict: boolean;
  readonly inject: Partial<Injections>;
}

/** A wait without a time limit that no event can end. */
export class SimDeadlockError extends Error {
  constructor() {
    super(
      'NtRemoveIoCompletionEx would wait for ever: no packet, no data in transit, no planned event.',
    );
    this.name = 'SimDeadlockError';
  }
}

/** The state of one simulated kernel, and the functions that its parts share. */
export class SimCore implements Core {
  readonly profile: Profile;
  readonly isStrict: boolean;
  readonly bufferBytes: number;
  readonly random: Random;
  readonly clock = new Clock();
  readonly dice: Dice;
  readonly handles: HandleTable;
  readonly memory: AddressSpace;
  readonly network: Network;
  readonly polls: Polls;
  readonly violations: string[] = [];
  readonly ports = new Set<Port>();
  /** The number of calls of each kernel function. */
  readonly calls: Record<string, number> = {};
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly unix: Unix;
  readonly files = new Files();
  /** The thread's last error, shared by Winsock and kernel32. */
  lastError = 0;
  winsockUsers = 0;
  /** Completions of polls since the last wait on a port: they count as simultaneous. */
  readonly #moment: { port: Port; packet: Packet }[] = [];

  constructor(options: CoreOptions) {
    this.profile = options.profile;
    this.isStrict = options.isStrict;
    this.bufferBytes = options.bufferBytes;
    this.random = new Random(options.seed);
    this.dice = new Dice(this.random, options.inject);
    this.handles = new HandleTable(options.profile.handleOrder);
    this.polls = new Polls(this);
    this.memory = new AddressSpace({
      random: this.random,
      violate: (text) => this.violate(text),
      ownerOf: (from, to) => this.polls.ownerOf(from, to),
    });
    this.network = new Network(this, options.isLazy);
    this.tcp = new Tcp(this);
    this.udp = new Udp(this);
    this.unix = new Unix(this, this.files, this.tcp);
  }

  get isWine(): boolean {
    return this.profile.name !== 'windows';
  }

  /** Records something that the program, or this kernel, must never do. */
  violate(text: string): void {
    this.violations.push(`${text} (at ${this.clock.nowMs.toFixed(3)} ms)`);
  }

  /** Called at the start of every call: counts the call and advances the simulation. */
  enter(name: string): void {
    this.calls[name] = (this.calls[name] ?? 0) + 1;
    this.settleMoment();
    if (this.clock.isDue) this.runDue();
    if (this.network.isBusy) this.network.stepNowAndThen();
    if (this.dice.isRestless) this.#disturb();
  }

  /** Runs all events that are due now. */
  runDue(): void {
    while (this.clock.isDue) {
      this.clock.runNext();
      this.settleMoment();
    }
  }

  /** Advances time and runs all events on the way. */
  advanceTo(nowMs: number): void {
    this.network.deliverAll();
    for (;;) {
      this.settleMoment();
      if (this.clock.nextMs > nowMs) break;
      this.clock.runNext();
      this.network.deliverAll();
    }
    this.clock.moveTo(nowMs);
  }

  post(port: Port, packet: Packet): void {
    this.#moment.push({ port, packet });
  }

  /** Queues simultaneous completions to their ports, in an unspecified order. */
  settleMoment(): void {
    const moment = this.#moment;
    if (moment.length === 0) return;
    if (moment.length > 1 && this.dice.rolls('shuffle')) this.random.shuffle(moment);
    for (const { port, packet } of moment) {
      if (port.handles > 0) port.push(packet);
      else this.polls.forget(packet);
    }
    moment.length = 0;
  }

  /**
   * Converts an NT time-out to simulated time: negative is relative to now, positive is absolute.
   */
  deadline(timeout100ns: bigint): number {
    const { nowMs, systemTime100ns } = this.clock;
    if (timeout100ns <= 0n) return nowMs + Number(-timeout100ns) / 10_000;
    return nowMs + Math.max(0, Number(timeout100ns - systemTime100ns) / 10_000);
  }

  /** The object behind a handle, if it is a file. */
  file(handle: number): FileObject | undefined {
    const object = this.handles.get(handle);
    return object instanceof FileObject ? object : undefined;
  }

  /** The object behind a handle, if it is a port. */
  port(handle: number): Port | undefined {
    const object = this.handles.get(handle);
    return object instanceof Port ? object : undefined;
  }

  changed(socket: SimSocket): void {
    if (socket.polls.length > 0) this.polls.look(socket);
  }

  #disturb(): void {
    if (this.polls.count > 0 && this.dice.rolls('displaced')) this.polls.displaceOne();
    if (this.ports.size > 0 && this.dice.rolls('stray')) this.#postStray();
    this.settleMoment();
  }

  #postStray(): void {
    const all = [...this.ports];
    const port = all[this.random.below(all.length)];
    const [low, high] = [this.random.bits32(), this.random.bits32()];
    // No request has an odd address, and no program uses ids above 2^63.
    const wide = (BigInt(high | 0x8000_0000) << 32n) | BigInt(low | 1);
    const context: PointerSized = this.random.chance(0.5) ? BigInt.asUintN(64, wide) : 0;
    port?.push({
      key: BigInt.asUintN(64, wide ^ 2n),
      context,
      status: 0,
      information: 0,
      request: undefined,
    });
  }
}
