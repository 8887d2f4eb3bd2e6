/**
 * Readiness of sockets on Windows NT, by AFD_POLL and one completion port. Importing this module
 * opens no library and no handle, on any host.
 *
 * @packageDocumentation
 */
export { AfdPoller, type PollerState } from './afd-poller.js';
export {
  type CancelMessage,
  type CloseMessage,
  type DiagnosticsChannel,
  type DiagnosticsChannels,
  type DiagnosticsMessages,
  diagnosticsChannels,
  type PolledSocket,
  type RequestMessage,
  type WakeMessage,
} from './diagnostics.js';
export { PollerError, type PollerErrorCode } from './errors.js';
export { type Interest, type Mode, type PreparedInterest, prepareInterest } from './interest.js';
export { type PollerOptions, presets } from './options.js';
export type { BlockCounts } from './poll-blocks.js';
export {
  type PollEvent,
  PollEvents,
  type PostEvent,
  type SocketEvent,
  type WakeEvent,
} from './poll-events.js';
export {
  type PollOnceEntry,
  type PollOnceOptions,
  type PollOnceResult,
  pollOnce,
} from './poll-once.js';
export { PollerRemote, type RemoteData } from './poller-remote.js';
export { Readiness } from './readiness.js';
