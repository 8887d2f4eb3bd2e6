/** The size of a message on a connection: two 32-bit numbers, little-endian. */
export const messageBytes = 8;

/** The first number of a message. */
export const kinds = {
  /** From a client, as its first message: its number. */
  hello: 1,
  /** From a client, and back to it: the number of the ping, from 1. */
  ping: 2,
  pong: 3,
  /** From the server: how many heartbeats it has sent to this client, including this one. */
  heartbeat: 4,
  /**
   * From the server, as its last message: the number of this client's heartbeats. Then the stream
   * ends.
   */
  goodbye: 5,
} as const;

/**
 * The first packet type that is a command. A lower type is the number of a client, which gets a
 * heartbeat.
 */
export const firstCommand = 1_000;

/** The commands of the management thread, as types of packets. */
export const commands = {
  /** The answer is the number of connected clients. */
  count: firstCommand,
  /**
   * Ends the client whose number is the value. The answer is the number of clients that are left.
   */
  dismiss: firstCommand + 1,
  /** Ends all clients, then the server. The answer is the number of clients that there were. */
  shutdown: firstCommand + 2,
} as const;

/** Encodes a message. */
export function messageOf(kind: number, value: number): Uint8Array {
  const message = new Uint8Array(messageBytes);
  const view = new DataView(message.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, value, true);
  return message;
}

/** Splits a stream into messages, for any sizes of the received pieces. */
export class MessageReader {
  readonly #partial = new Uint8Array(messageBytes);
  readonly #onMessage: (kind: number, value: number) => void;
  #length = 0;

  constructor(onMessage: (kind: number, value: number) => void) {
    this.#onMessage = onMessage;
  }

  /** Takes the next bytes, and calls back for each message that they complete. */
  take(bytes: Uint8Array): void {
    const view = new DataView(this.#partial.buffer);
    for (const byte of bytes) {
      this.#partial[this.#length] = byte;
      this.#length += 1;
      if (this.#length < messageBytes) continue;
      this.#length = 0;
      this.#onMessage(view.getUint32(0, true), view.getUint32(4, true));
    }
  }
}
