import {
  type HANDLE,
  type NTSTATUS,
  STATUS_INVALID_HANDLE,
  STATUS_OBJECT_TYPE_MISMATCH,
} from 'ntdllx';
import type { PollRequest } from './poll-request.js';
import type { Registration } from './registration.js';

/** The handles that polls are submitted on: AFD handles, or those of the sockets. */
export interface PollHandles {
  /** True if a poll that completes at once posts no packet. */
  readonly skipsPacketOnSuccess: boolean;
  /** Handles of AFD that are open; none of the sockets'. */
  readonly open: readonly HANDLE[];
  /** Called once per registration. @throws when the socket cannot be polled; nothing is left then. */
  prepare(registration: Registration): void;
  /** Finds a handle for a request. @throws {NtStatusError} when there is none to be had. */
  attach(request: PollRequest): void;
  /** The handle of a request, between attach and detach. */
  handleOf(request: PollRequest): HANDLE;
  /** The request is complete. */
  detach(request: PollRequest): void;
  /** After a refusal: true if the handle of the request is gone, and not its socket. */
  isLost(request: PollRequest, status: NTSTATUS): boolean;
  close(): void;
}

/** What NT returns for a handle that was closed: its value may be something else by now. */
export function isClosedHandle(status: NTSTATUS): boolean {
  return status === STATUS_INVALID_HANDLE || status === STATUS_OBJECT_TYPE_MISMATCH;
}
