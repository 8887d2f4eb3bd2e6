/**
 * Records each NT call of a program, in order: its arguments by name, its status, how long it
 * took, and, for a request, when its packet came.
 *
 * @packageDocumentation
 */

export { timeoutText } from './nt-names.js';
export type { HandleLabel, Memory, RawCall } from './raw-call.js';
export type {
  CallRecord,
  PacketRecord,
  PolledSocket,
  PollInfo,
  RequestCompletion,
  TraceArgument,
  TraceRecord,
} from './record.js';
export { formatRecord, type TextOptions, timeText } from './text.js';
export {
  type OpenHandle,
  startTrace,
  type Trace,
  type TracedThread,
  type TraceOptions,
  type TraceResult,
  trackFor,
} from './trace.js';
export { buildTrace, TraceBuilder } from './trace-builder.js';
export {
  type TraceEvent,
  type TraceEventFile,
  type TraceEventOptions,
  toTraceEvents,
} from './trace-event.js';
export { dropTrack, type TrackSetup, traceOnTrack } from './track.js';
