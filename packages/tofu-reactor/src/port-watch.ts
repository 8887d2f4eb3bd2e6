import type { HANDLE } from 'ntdllx';

/**
 * Says when a completion port has a packet, on the thread that runs JavaScript. The seam between the
 * reactor's logic and Node's event loop: {@link WaitPoolWatch} is the real one.
 */
export interface PortWatch {
  /** True between {@link arm} and its one report. */
  readonly isArmed: boolean;
  /** Has the next packet reported, once; one that is there already counts. Idempotent. */
  arm(): void;
  /** Whether the watch holds the process open. It does not when it is made. */
  setRef(isRef: boolean): void;
  /** Ends it: nothing is reported from here on. Resolves when its memory is given back. */
  close(): Promise<void>;
}

/** Makes a watch on a port. @param onPacket runs inside Node's loop, and never throws. */
export type PortWatchFactory = (port: HANDLE, onPacket: () => void) => PortWatch;
