/**
 * Stage 2U: an echo server over AF_UNIX on AFD_POLL and a completion port.
 *
 * @packageDocumentation
 */
export { runTest, Stage2uEcho, stage2uEcho } from './stage2u-echo.js';
