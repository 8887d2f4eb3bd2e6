import type { HANDLE } from 'ntdllx';

/**
 * Reports on the JavaScript thread that a completion port has a packet. It separates the reactor's
 * logic from Node's event loop. {@link WaitPoolWatch} is the implementation for that loop.
 */
export interface PortWatch {
  /** True after {@link arm} until the watch has reported. */
  readonly isArmed: boolean;
  /**
   * Requests one report of the next packet. A packet that is on the port already is reported, too.
   * Idempotent.
   */
  arm(): void;
  /** Sets whether the watch keeps the process alive. Initially it does not. */
  setRef(isRef: boolean): void;
  /** Ends the watch, which reports nothing from then on. Resolves when its memory is freed. */
  close(): Promise<void>;
}

/** Creates a watch on a port. @param onPacket is called inside Node's loop; it must not throw. */
export type PortWatchFactory = (port: HANDLE, onPacket: () => void) => PortWatch;
