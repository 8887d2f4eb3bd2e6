/**
 * Stage 1: AFD_POLL sees an accept through the completion port alone.
 *
 * @packageDocumentation
 */
export { runTest, Stage1AcceptIocp, stage1Iocp } from './stage1-accept-iocp.js';
