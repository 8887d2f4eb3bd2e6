import type { CompletionPort } from 'nt-afd';
import type { Batches } from './batches.js';
import type { DiagnosticsLog } from './diagnostics.js';
import type { PollRequests } from './poll-requests.js';
import type { Registry } from './registry.js';
import type { SharedFlags } from './shared-flags.js';

/** What a poller did, counted since it was made. */
export interface LoopCounts {
  /** The sockets of all requests that NT accepted, each as often as it was in one. */
  submitted: number;
  /** Packets removed from the port, and those of them that belonged to no request. */
  packets: number;
  unknown: number;
  /** Events delivered. */
  delivered: number;
}

/** What a loop works on. */
export interface LoopParts {
  readonly port: CompletionPort;
  readonly flags: SharedFlags;
  readonly registry: Registry;
  readonly requests: PollRequests;
  readonly batches: Batches;
  readonly log: DiagnosticsLog;
}
