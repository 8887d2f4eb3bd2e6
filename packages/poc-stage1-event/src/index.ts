/**
 * Stage 1: AFD_POLL reports an accept through an event, without a completion port.
 *
 * @packageDocumentation
 */
export { runTest, Stage1AcceptEvent, stage1Event } from './stage1-accept-event.js';
