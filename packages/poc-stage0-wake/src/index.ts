/**
 * Stage 0: a packet posted by another thread wakes a completion port.
 *
 * @packageDocumentation
 */
export { runTest, Stage0Wake, stage0, type WakePacket } from './stage0-wake.js';
