/**
 * Stage 1: AFD_POLL reports an accept through the completion port, without an event.
 *
 * @packageDocumentation
 */
export { runTest, Stage1AcceptIocp, stage1Iocp } from './stage1-accept-iocp.js';
