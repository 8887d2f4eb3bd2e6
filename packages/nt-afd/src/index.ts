/**
 * AFD_POLL, once: open the socket driver, make a completion port, submit one poll, take packets,
 * cancel. Takes handles, addresses and memory, and allocates nothing: the caller owns every block.
 * Importing this opens nothing, on any system.
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
