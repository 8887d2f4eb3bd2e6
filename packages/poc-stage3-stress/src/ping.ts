/** What a client says, and gets back. */
export const ping = Buffer.from('Ping');

/** How many whole messages lie in what came, and what of the last one is still to come. */
export class PingReader {
  #bytes = 0;

  /** Messages that came whole. */
  count = 0;

  /** @returns how many messages these bytes completed. */
  read(byteLength: number): number {
    this.#bytes += byteLength;
    const whole = Math.floor(this.#bytes / ping.byteLength);
    this.#bytes %= ping.byteLength;
    this.count += whole;
    return whole;
  }

  /** True when a message has begun and not ended. */
  get isInside(): boolean {
    return this.#bytes > 0;
  }
}
