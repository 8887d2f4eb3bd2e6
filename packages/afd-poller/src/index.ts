/**
 * Readiness of sockets on Windows NT, by AFD_POLL and one completion port. Importing this opens
 * nothing, anywhere.
 *
 * @packageDocumentation
 */
export { AfdPoller, type PollerCounts, type PollerState } from './afd-poller.js';
export {
  type CancelMessage,
  type CloseMessage,
  channels,
  type PolledSocket,
  type RequestMessage,
  type WakeMessage,
} from './channels.js';
export { PollerError, type PollerErrorCode, PollRefusedError } from './errors.js';
export type { Interest, Mode } from './interest.js';
export type { PollerOptions } from './options.js';
export type { BlockCounts } from './poll-blocks.js';
export { type EventKind, PollEvent, PollEvents } from './poll-events.js';
export {
  type PollOnceEntry,
  type PollOnceOptions,
  type PollOnceResult,
  pollOnce,
} from './poll-once.js';
export { PollerRemote, type RemoteData } from './poller-remote.js';
export { is } from './readiness.js';
export { type Triggers, triggersOf, triggersToInterest } from './triggers.js';
export type { WayName } from './way.js';
