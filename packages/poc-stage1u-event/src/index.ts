/**
 * Stage 1U: AFD_POLL reports an accept on a Unix domain socket through an event.
 *
 * @packageDocumentation
 */
export { runTest, Stage1uAcceptEvent, stage1uEvent } from './stage1u-accept-event.js';
