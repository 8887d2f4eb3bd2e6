/**
 * Stage 1U: AFD_POLL reports an accept on a Unix domain socket, on hosts that support them.
 *
 * @packageDocumentation
 */
export { runTest, Stage1uAcceptUds, stage1u } from './stage1u-accept-uds.js';
