import type { NTSTATUS } from 'ntdllx';
import { Queue } from './queue.js';
import type { Registration } from './registration.js';

/** Who owns the block of a request. */
export type RequestState =
  /** The engine: not submitted yet, or complete. */
  | 'idle'
  /** The kernel. */
  | 'pending'
  /** The kernel, which was asked to end the poll: its packet is still to come. */
  | 'cancelling';

/** One AFD_POLL, about one socket or several. Written by `poll-requests.ts` unless a field says else. */
export class PollRequest {
  /** In the order of its handles. */
  readonly members = new Queue<Registration>();
  state: RequestState = 'idle';
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
  /** Written by `batches.ts`, as the rest: when it was submitted, while it pends and has room; or -1. */
  flush = -1;
  /** Cancelled so that its members are put together with others. */
  isCoalesced = false;
  /** Its neighbours among the requests that pend and have room. */
  older: PollRequest | undefined;
  newer: PollRequest | undefined;
}
