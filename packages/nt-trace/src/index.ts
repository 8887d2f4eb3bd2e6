/**
 * Records each NT call of a program, in order: its arguments by name, its status, how long it
 * took, and, for a request, when its packet came.
 *
 * @packageDocumentation
 */
export { dropLane, type LaneSetup, traceInLane } from './lane.js';
export { timeoutText } from './nt-names.js';
export type { HandleLabel, Memory, RawCall } from './raw-call.js';
export type {
  CallRecord,
  PacketRecord,
  PolledSocket,
  PollInfo,
  RequestFate,
  TraceArgument,
  TraceRecord,
} from './record.js';
export { formatRecord, type TextOptions, timeText } from './text.js';
export {
  laneFor,
  type OpenHandle,
  startTrace,
  type Trace,
  type TracedThread,
  type TraceOptions,
  type TraceResult,
} from './trace.js';
export { buildTrace, TraceBuilder } from './trace-builder.js';
export {
  type TraceEvent,
  type TraceEventFile,
  type TraceEventOptions,
  toTraceEvents,
} from './trace-event.js';
