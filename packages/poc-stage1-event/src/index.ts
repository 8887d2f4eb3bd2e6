/**
 * Stage 1: AFD_POLL sees an accept through an event, without a port.
 *
 * @packageDocumentation
 */
export { runTest, Stage1AcceptEvent, stage1Event } from './stage1-accept-event.js';
