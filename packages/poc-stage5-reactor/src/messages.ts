/** What is said on a connection: two 32-bit numbers, little-endian. */
export const messageBytes = 8;

/** The first number of a message. */
export const kinds = {
  /** From a client, first: its number. */
  hello: 1,
  /** From a client, and back to it: the number of the ping, from 1. */
  ping: 2,
  pong: 3,
  /** From the server: how many heartbeats this client has had, this one included. */
  heartbeat: 4,
  /** From the server, last: the same; then the stream ends. */
  goodbye: 5,
} as const;

/** What a thread posts to the reactor: types below this are clients, which get a heartbeat. */
export const firstCommand = 1_000;

/** The commands of the management thread, as types of packets. */
export const commands = {
  /** Answered with how many clients are connected. */
  count: firstCommand,
  /** Ends the client whose number is the value; answered with how many are left. */
  dismiss: firstCommand + 1,
  /** Ends all clients, then the server; answered with how many there were. */
  shutdown: firstCommand + 2,
} as const;

/** Puts a message together. */
export function messageOf(kind: number, value: number): Uint8Array {
  const message = new Uint8Array(messageBytes);
  const view = new DataView(message.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, value, true);
  return message;
}

/** Cuts a stream into messages, however it was cut into pieces. */
export class MessageReader {
  readonly #partial = new Uint8Array(messageBytes);
  readonly #onMessage: (kind: number, value: number) => void;
  #length = 0;

  constructor(onMessage: (kind: number, value: number) => void) {
    this.#onMessage = onMessage;
  }

  /** Takes the next bytes, and calls for each message that is whole then. */
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
