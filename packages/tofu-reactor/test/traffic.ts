import { type Connection, wouldBlock } from 'tofu-reactor';

/** The byte of a stream at a place, so that a lost or misplaced byte is detected. */
const byteAt = (seed: number, place: number) => (seed + place * 31 + (place >> 8)) & 0xff;

/** The bytes of the stream with this seed, 0 to 255, from a place on. The seed is the first byte. */
export function bytesOf(seed: number, length: number, from = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0; index < length; index += 1) bytes[index] = byteAt(seed, from + index);
  return bytes;
}

const buffer = Buffer.alloc(65_536);
const pieceBytes = 40_000;

/** One end of a connection, and what it has seen. */
export interface End {
  readonly connection: Connection;
  /** The seed of the stream that it receives: the first byte. */
  seed: number | undefined;
  received: number;
  /** Received bytes that are not those of the stream. */
  wrong: number;
  hasEnded: boolean;
  isClosed: boolean;
  error: Error | undefined;
}

/**
 * Observes a connection: compares what it receives with the stream that its first byte names.
 *
 * @param onEnd called when the peer has ended its side.
 */
export function observe(connection: Connection, onEnd?: (end: End) => void): End {
  const end: End = {
    connection,
    seed: undefined,
    received: 0,
    wrong: 0,
    hasEnded: false,
    isClosed: false,
    error: undefined,
  };
  connection.onReadable = () => {
    for (;;) {
      const count = connection.readInto(buffer);
      if (count === wouldBlock) return;
      if (count === 0) {
        end.hasEnded = true;
        onEnd?.(end);
        return;
      }
      end.seed ??= buffer[0] as number;
      const wanted = bytesOf(end.seed, count, end.received);
      for (let index = 0; index < count; index += 1) {
        if (buffer[index] !== wanted[index]) end.wrong += 1;
      }
      end.received += count;
    }
  };
  connection.onClose = (error) => {
    end.isClosed = true;
    end.error = error;
  };
  return end;
}

/**
 * Sends a stream in pieces, waits while the peer does not read, and ends its side.
 *
 * @returns a function that ends a stream earlier: after the bytes that it returns the number of.
 */
export function sendAll(connection: Connection, seed: number, length: number): () => number {
  let [sent, last] = [0, length];
  const send = () => {
    while (sent < last) {
      const piece = bytesOf(seed, Math.min(pieceBytes, last - sent), sent);
      sent += piece.byteLength;
      if (!connection.write(piece)) return;
    }
    connection.onDrain = undefined;
    connection.end();
  };
  connection.onDrain = send;
  send();
  return () => {
    last = sent;
    return last;
  };
}
