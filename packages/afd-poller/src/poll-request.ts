import type { NTSTATUS } from 'ntdllx';
import { Queue } from './queue.js';
import type { Registration } from './registration.js';

/** Who owns the block of a request. */
export type RequestState =
  /** The engine: not submitted yet, or complete and perhaps waiting to be delivered. */
  | 'ours'
  /** The kernel, also while a close cancels all requests of a handle by one call. */
  | 'pending'
  /** The kernel, which was asked to cancel this poll: its packet is still to come. */
  | 'cancelling';

/** One AFD_POLL, about one socket or several. Written by `poll-requests.ts` unless a field says else. */
export class PollRequest {
  /** In the order of its handles. */
  readonly members = new Queue<Registration>();
  state: RequestState = 'ours';
  /** Names its block and the ledger of that; -1 when it has none. */
  blockKey = -1;
  /** Which AFD handle it is submitted on. Written by `afd-handles.ts`. */
  place = -1;
  /** How it ended: what the call returned, if that was an error, or else the Status of the block. */
  status: NTSTATUS = 0;
  /** How many of its members have something to report. */
  reported = 0;
  /** How many of its members were handled since it is complete. */
  handled = 0;
  /** It was refused because its AFD handle is gone, through no fault of a member. */
  isHandleLost = false;
  /**
   * Number of the flush that submitted it, while it pends and has room; otherwise -1. This field and
   * those below are written by `batches.ts`.
   */
  submittedAtFlush = -1;
  /** Cancelled so that its members are put together with others. */
  isCoalesced = false;
  /** Its neighbours among the requests that pend and have room. */
  older: PollRequest | undefined;
  newer: PollRequest | undefined;
}
