/**
 * Stage 2U: an echo server over AF_UNIX on AFD_POLL and the completion port alone.
 *
 * @packageDocumentation
 */
export { runTest, Stage2uEcho, stage2uEcho } from './stage2u-echo.js';
