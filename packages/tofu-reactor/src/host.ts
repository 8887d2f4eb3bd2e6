import type { Kernel } from 'ntdllx';
import type { BufferedBytes } from './buffered-bytes.js';
import type { TurnEngine } from './turn-engine.js';

/** A part of a reactor that the reactor closes: a server, a connection or a UDP socket. */
export interface Member {
  /** Closes it at once. */
  destroy(error?: Error): void;
  /** Closes it gracefully. Resolves when it is closed. */
  close(): Promise<void>;
}

/** The interface of a reactor for its members. */
export interface Host {
  readonly kernel: Kernel;
  /** The reactor's name. */
  readonly name: string;
  readonly engine: TurnEngine;
  readonly buffered: BufferedBytes;
  readonly maxBufferedBytes: number;
  /** True while servers must not accept, because a limit of the reactor is reached. */
  readonly isFull: boolean;
  /**
   * Adds a member, which keeps the process alive.
   *
   * @param isConnection true if it counts against `maxConnections`.
   */
  join(member: Member, isConnection: boolean): void;
  /** Removes a member. @param isRef true if it kept the process alive until now. */
  leave(member: Member, isConnection: boolean, isRef: boolean): void;
  /** A member starts or stops keeping the process alive. */
  changeRef(isRef: boolean): void;
}
