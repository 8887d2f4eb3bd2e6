import type { NTSTATUS } from 'ntdllx';
import { Queue } from './queue.js';
import type { Registration } from './registration.js';

/** Who owns the block of a request. */
export type RequestState =
  /** The engine: the request is not submitted yet, or it is complete and may wait for delivery. */
  | 'ours'
  /** The kernel. This also holds while `close` cancels all requests of a handle by one call. */
  | 'pending'
  /** The kernel, after the engine asked it to cancel this poll. The packet has yet to arrive. */
  | 'cancelling';

/**
 * One AFD_POLL for one socket or several. `poll-requests.ts` writes the fields, unless a field
 * names another file.
 */
export class PollRequest {
  /** The registrations of its sockets, in the order of the handles in the block. */
  readonly members = new Queue<Registration>();
  state: RequestState = 'ours';
  /** Identifies its block and the block's ledger; -1 without a block. */
  blockKey = -1;
  /** The place of its AFD handle in the pool. Written by `afd-handles.ts`. */
  place = -1;
  /**
   * Its result: the status that the call returned if that was an error, otherwise the Status of
   * the block.
   */
  status: NTSTATUS = 0;
  /** How many of the members that are not handled yet have something to report. */
  reported = 0;
  /** How many members have been handled since the request completed. */
  handled = 0;
  /** True if NT refused the request because of the AFD handle, and not because of a member. */
  isHandleLost = false;
  /**
   * While the request is pending and has room for more sockets: the number of the flush that
   * submitted it. Otherwise -1. `batches.ts` writes this field and those below.
   */
  submittedAtFlush = -1;
  /** True if the request was cancelled only to batch its members with others. */
  isCoalesced = false;
  /** Its neighbours in the list of partial requests. */
  older: PollRequest | undefined;
  newer: PollRequest | undefined;
}
