import type { NTSTATUS } from 'ntdllx';
import type { BlockCounts } from './poll-blocks.js';
import type { Registration } from './registration.js';

/** The ways of polling that there are. */
export type WayName = 'self' | 'helper' | 'group';

/**
 * Is told that a registration's request is over.
 *
 * @param events AFD's events; 0 when it ended without any.
 * @param cause why a connect failed, with AFD_POLL_CONNECT_FAIL; otherwise 0.
 */
export type Completed = (registration: Registration, events: number, cause: NTSTATUS) => void;

/**
 * How requests reach AFD. The poller decides what is to be asked and when; a way knows the requests,
 * their memory, and which registration a packet is about. One request may serve many registrations:
 * the poller only relies on `completed` being called once for each that was submitted.
 */
export interface PollWay {
  readonly name: WayName;

  /**
   * Prepares a socket, once per registration.
   *
   * @throws {PollerError} or NT's error when the socket cannot be polled; nothing is left then.
   */
  attach(registration: Registration): void;

  /**
   * Makes a request for what the registration's mask asks, at the latest in the next {@link flush}.
   * Its state must be idle; afterwards it is pending, unless `completed` was called already.
   *
   * @throws {NtStatusError} when NT refuses; the state is idle still.
   */
  submit(registration: Registration): void;

  /**
   * Makes the requests that were put off. Called before the port is looked at.
   *
   * @throws {NtStatusError} when NT refuses; who was not asked about is completed without events.
   */
  flush(): void;

  /** Asks NT to end a pending request; the state is cancelling afterwards. The packet still comes. */
  cancel(registration: Registration): void;

  /**
   * A packet of a poll came. @returns false when it belongs to no request of ours.
   */
  take(apcContext: number): boolean;

  /** Forgets a registration that is idle for good: its block is free for another one. */
  release(registration: Registration): void;

  /** How many registrations the kernel has a request about. */
  readonly pending: number;

  /** Who owns the blocks now. */
  readonly counts: BlockCounts;

  /** Handles to the socket driver that are open. */
  readonly helpers: number;

  /** Checks its own books. @throws {Error} naming the first lie. */
  verify(): void;

  /**
   * Closes its handles and gives its memory back, but for what the kernel holds.
   *
   * @returns how many blocks the kernel still holds.
   */
  close(): number;
}
