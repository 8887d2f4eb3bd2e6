import {
  type HANDLE,
  type NTSTATUS,
  STATUS_INVALID_HANDLE,
  STATUS_OBJECT_TYPE_MISMATCH,
} from 'ntdllx';
import type { PollRequest } from './poll-request.js';
import type { Registration } from './registration.js';

/** The handles that polls are submitted on: AFD handles, or the handles of the sockets. */
export interface PollHandles {
  /** True if a poll that completes at once posts no packet. */
  readonly skipsPacketOnSuccess: boolean;
  /** The AFD handles that are open. Socket handles are not listed. */
  readonly open: readonly HANDLE[];
  /**
   * Called once per registration.
   *
   * @throws when the socket cannot be polled; then nothing is left open.
   */
  prepare(registration: Registration): void;
  /**
   * Chooses a handle for a request, and opens one if necessary.
   *
   * @throws {NtStatusError} when that fails.
   */
  attach(request: PollRequest): void;
  /** The handle of a request; valid between attach and detach. */
  handleOf(request: PollRequest): HANDLE;
  /** Releases the handle of a request that is complete. */
  detach(request: PollRequest): void;
  /**
   * After NT refused a request: true if the AFD handle was closed by other code, false if the
   * cause is a socket.
   */
  isLost(request: PollRequest, status: NTSTATUS): boolean;
  close(): void;
}

/**
 * True for the two statuses that NT returns for a closed handle. The second one occurs when the
 * value names another object by now.
 */
export function isClosedHandle(status: NTSTATUS): boolean {
  return status === STATUS_INVALID_HANDLE || status === STATUS_OBJECT_TYPE_MISMATCH;
}
