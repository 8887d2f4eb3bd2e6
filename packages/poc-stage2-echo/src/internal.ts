/**
 * For this package's own tests. Not part of the API.
 *
 * @packageDocumentation
 */
export { LiveLine } from './live-line.js';
export { describe, parseServeAddress, summarize } from './serve.js';
