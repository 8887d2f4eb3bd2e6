/** The message that a client sends and receives back. */
export const ping = Buffer.from('Ping');

/** Counts the complete messages in a stream, and the bytes that are missing from the last one. */
export class PingReader {
  #bytes = 0;

  /** Complete messages. */
  count = 0;

  /** @returns how many messages these bytes completed. */
  read(byteLength: number): number {
    this.#bytes += byteLength;
    const whole = Math.floor(this.#bytes / ping.byteLength);
    this.#bytes %= ping.byteLength;
    this.count += whole;
    return whole;
  }

  /** True if the last message is incomplete. */
  get isInside(): boolean {
    return this.#bytes > 0;
  }
}
