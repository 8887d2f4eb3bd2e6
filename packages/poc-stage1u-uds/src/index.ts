/**
 * Stage 1U: AFD_POLL sees an accept on a Unix domain socket, where the host has them.
 *
 * @packageDocumentation
 */
export { runTest, Stage1uAcceptUds, stage1u } from './stage1u-accept-uds.js';
