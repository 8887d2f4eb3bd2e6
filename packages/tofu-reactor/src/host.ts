import type { Kernel } from 'ntdllx';
import type { BufferedBytes } from './buffered-bytes.js';
import type { TurnEngine } from './turn-engine.js';

/** Something that lives in a reactor, and ends with it. */
export interface Member {
  /** Ends it at once. */
  destroy(error?: Error): void;
  /** Ends it in order; resolves when it is over. */
  close(): Promise<void>;
}

/** What servers and connections need of their reactor. */
export interface Host {
  readonly kernel: Kernel;
  /** The reactor's name. */
  readonly name: string;
  readonly engine: TurnEngine;
  readonly buffered: BufferedBytes;
  readonly maxBufferedBytes: number;
  /** True where a server is not to accept now: a limit of the reactor is reached. */
  readonly isFull: boolean;
  /** A member begins, and holds the process open. @param isConnection counts against the limit. */
  join(member: Member, isConnection: boolean): void;
  /** A member is over. @param isRef it held the process open until now. */
  leave(member: Member, isConnection: boolean, isRef: boolean): void;
  /** A member holds the process open from now on, or not any more. */
  changeRef(isRef: boolean): void;
}
