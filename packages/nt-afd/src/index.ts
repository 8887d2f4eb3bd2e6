/**
 * The operations of a single AFD_POLL request: open the socket driver, make a completion port,
 * submit a poll, remove packets, cancel. The functions take handles, addresses and memory and
 * allocate nothing: the caller allocates every block. Importing this loads no DLL on any system.
 *
 * @packageDocumentation
 */
export { BoxedNumbers } from './boxed-numbers.js';
export { afdScratchBytes, openAfd } from './device.js';
export {
  cancelPoll,
  pollBlockBytes,
  pollInfoOffset,
  pollStatus,
  reportedCause,
  reportedEvents,
  reportedHandle,
  reportedHandles,
  submitPoll,
  writePoll,
  writePollHandle,
  writePollHeader,
} from './poll.js';
export {
  CompletionPort,
  largestTake,
  portMemoryBytes,
  postPacket,
} from './port.js';
