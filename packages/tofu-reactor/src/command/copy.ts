import { wouldBlock } from 'tofu-sockets';
import { type Connection, coreOf } from '../connection.js';

/** All connections receive into the same buffer: what the other side does not take at once is copied. */
const buffer = Buffer.alloc(65_536);

/** How many bytes of a connection the system has taken. */
export const sentBytes = ({ bytesWritten, bufferedBytes }: Connection): number =>
  bytesWritten - bufferedBytes;

/**
 * Copies what one connection receives to the other one, or back to itself, and then the end of the
 * stream. While `to` does not take bytes, `from` is not read, so at most one buffer is kept in
 * memory. Uses `onReadable` of the one and `onDrain` of the other. Both must have `allowHalfOpen`.
 */
export function copy(from: Connection, to: Connection): void {
  let isPaused = false;
  /** Copies one piece. @returns true if more may be available. */
  const step = () => {
    const count = from.readInto(buffer);
    if (count === wouldBlock) return false;
    if (count === 0) {
      to.end();
      return false;
    }
    isPaused = !to.write(buffer.subarray(0, count));
    return !isPaused;
  };
  from.onReadable = () => {
    while (!isPaused && step());
    // While `from` is not read, its reset would otherwise be noticed only after `to` takes bytes
    // again.
    if (isPaused) coreOf(from).link?.watchReset();
  };
  to.onDrain = () => {
    isPaused = false;
    // Only one piece: this read schedules the next ones within the connection's turn and budget.
    step();
  };
}
