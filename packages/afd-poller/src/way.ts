import { type NTSTATUS, STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH } from 'ntdllx';
import type { BlockCounts } from './poll-blocks.js';
import type { Registration } from './registration.js';

/** What NT says when the socket of a request was closed behind our back: its value may be somebody's again. */
export const closedBehindOurBack: readonly NTSTATUS[] = [
  STATUS_INVALID_HANDLE,
  STATUS_OBJECT_TYPE_MISMATCH,
];

/** The ways of polling that there are. */
export type WayName = 'self' | 'helper' | 'group';

/**
 * Is told that a registration's request is over.
 *
 * @param events AFD's events; 0 when it ended without any.
 * @param cause why a connect failed, with AFD_POLL_CONNECT_FAIL; otherwise 0.
 */
export type Completed = (registration: Registration, events: number, cause: NTSTATUS) => void;

/** Whom a way tells what became of a request. */
export interface Outcomes {
  readonly completed: Completed;
  /**
   * NT did not take the request: there is none, and the registration's state is idle.
   *
   * @param call what failed; NtDeviceIoControlFile unless it is said.
   */
  readonly refused: (registration: Registration, status: NTSTATUS, call?: string) => void;
}

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
   * Its state must be idle; afterwards it is pending, unless an outcome was told already.
   */
  submit(registration: Registration): void;

  /** Makes the requests that were put off. Called before the port is looked at. */
  flush(): void;

  /**
   * Asks NT to end a pending request. Its packet still comes.
   *
   * @returns an error when NT did not take it: the state is pending still; otherwise cancelling.
   */
  cancel(registration: Registration): NTSTATUS;

  /**
   * A packet of a poll came. @returns false when it belongs to no request of ours.
   */
  take(apcContext: number): boolean;

  /** Forgets a registration that is idle for good: its block is free for another one. */
  release(registration: Registration): void;

  /**
   * Something threw in the middle: forgets what was put off. Each registration whose state is idle is
   * submitted anew.
   */
  reset(): void;

  /** How many requests were made, and how many of them NT was asked to end. */
  readonly requests: number;
  readonly cancelled: number;
  /** How many of these were ended only so that their sockets are asked about together with others. */
  readonly gathered: number;

  /** How many registrations the kernel has a request about. */
  readonly pending: number;

  /** Who owns the blocks now. */
  readonly counts: BlockCounts;

  /** Handles to the socket driver that are open. */
  readonly helpers: number;

  /** Checks its own books. @throws {Error} naming the first lie. */
  verify(): void;

  /** Closes its handles. Nothing is submitted any more. */
  closeHandles(): void;

  /**
   * Gives its memory back, but for what the kernel holds.
   *
   * @returns how many blocks the kernel still holds.
   */
  free(): number;
}
