import type { CompletionPort } from 'nt-afd';
import type { Batches } from './batches.js';
import type { DiagnosticsLog } from './diagnostics.js';
import type { PollRequests } from './poll-requests.js';
import type { Registry } from './registry.js';
import type { SharedFlags } from './shared-flags.js';

/** Counters of a poller since it was created. */
export interface LoopCounts {
  /** The number of sockets, summed over all requests that NT accepted. */
  submitted: number;
  /** Packets removed from the port. */
  packets: number;
  /** Those packets that matched no request and no key of the poller. */
  unknown: number;
  /** Events delivered. */
  delivered: number;
}

/** The objects that a loop works on. */
export interface LoopParts {
  readonly port: CompletionPort;
  readonly flags: SharedFlags;
  readonly registry: Registry;
  readonly requests: PollRequests;
  readonly batches: Batches;
  readonly log: DiagnosticsLog;
}
