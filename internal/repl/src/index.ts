/**
 * The parts of the `pnpm repl` prompt that can be used without a prompt.
 *
 * @packageDocumentation
 */
export { type AfdPoll, type PollPacket, Polls } from './afd-poll.js';
export { checked, requireArguments } from './checked-call.js';
export { protoCommand } from './commands.js';
export { endMark, takeEndMark } from './end-mark.js';
export { type Example, examples } from './examples.js';
export { historyFile } from './history.js';
export { type Meaning, Meanings } from './meanings.js';
export { type OpenCall, openCallOf, prototypeOf, prototypeText } from './prototype-text.js';
export { resizeText, type TerminalSize, TypedInput } from './resize.js';
export { readSettings, type Settings, writeSettings } from './settings.js';
export { traceLine } from './trace-lines.js';
export { meaningText, showStructs, statusText } from './value-text.js';
