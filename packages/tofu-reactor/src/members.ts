import type { Kernel } from 'ntdllx';
import type { BufferedBytes } from './buffered-bytes.js';
import type { Host, Member } from './host.js';
import type { Pump } from './pump.js';
import { Server } from './server.js';
import type { TurnEngine } from './turn-engine.js';

/** Parts and limits of a reactor that its members need. */
export interface MembersParts {
  readonly kernel: Kernel;
  readonly name: string;
  readonly engine: TurnEngine;
  readonly buffered: BufferedBytes;
  readonly maxBufferedBytes: number;
  readonly maxConnections: number;
  readonly pump: Pump;
}

/**
 * The servers, connections and UDP sockets of a reactor. It counts which of them keep the process
 * alive, and enforces the limits.
 */
export class Members implements Host {
  readonly kernel: Kernel;
  readonly name: string;
  readonly engine: TurnEngine;
  readonly buffered: BufferedBytes;
  readonly maxBufferedBytes: number;
  readonly #maxConnections: number;
  readonly #pump: Pump;
  readonly #all = new Set<Member>();
  #connections = 0;
  #refs = 0;
  #isAtLimit = false;

  constructor(parts: MembersParts) {
    this.kernel = parts.kernel;
    this.name = parts.name;
    this.engine = parts.engine;
    this.buffered = parts.buffered;
    this.maxBufferedBytes = parts.maxBufferedBytes;
    this.#maxConnections = parts.maxConnections;
    this.#pump = parts.pump;
    this.buffered.onChange = () => this.#updateServers();
  }

  get connections(): number {
    return this.#connections;
  }

  get servers(): number {
    return [...this.#all].filter((member) => member instanceof Server).length;
  }

  get datagramSockets(): number {
    return this.#all.size - this.#connections - this.servers;
  }

  get refs(): number {
    return this.#refs;
  }

  get isFull(): boolean {
    return this.#isAtLimit || this.buffered.isFull;
  }

  join(member: Member, isConnection: boolean): void {
    this.#all.add(member);
    if (isConnection) this.#count(1);
    this.changeRef(true);
  }

  leave(member: Member, isConnection: boolean, isRef: boolean): void {
    if (!this.#all.delete(member)) return;
    if (isConnection) this.#count(-1);
    if (isRef) this.changeRef(false);
  }

  changeRef(isRef: boolean): void {
    const before = this.#refs;
    this.#refs += isRef ? 1 : -1;
    if (before === 0 || this.#refs === 0) this.#pump.setRef(this.#refs > 0);
  }

  /**
   * Closes all members gracefully. Those that are left after the time limit are closed at once.
   */
  async close(limitMs: number): Promise<void> {
    const all = [...this.#all];
    for (const member of all) if (member instanceof Server) void member.close();
    const over = Promise.all(all.map((member) => member.close()));
    const timer = setTimeout(() => {
      for (const member of [...this.#all]) member.destroy();
    }, limitMs);
    await over;
    clearTimeout(timer);
  }

  #count(difference: number): void {
    this.#connections += difference;
    const isAtLimit = this.#connections >= this.#maxConnections;
    if (isAtLimit === this.#isAtLimit) return;
    this.#isAtLimit = isAtLimit;
    this.#updateServers();
  }

  #updateServers(): void {
    for (const member of this.#all) if (member instanceof Server) member.updateAccepting();
  }
}
