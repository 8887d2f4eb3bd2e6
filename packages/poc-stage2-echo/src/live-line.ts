import type { WriteStream } from 'node:tty';

/** The shortest time between two changes of the line, in milliseconds, so that it is readable. */
const leastPauseMs = 250;
/** The length of a line that does not reach the last column, where a terminal would wrap it. */
const longestLine = 79;

/**
 * A status line that is overwritten in place; it shows nothing without a terminal. It uses only a
 * carriage return and spaces, because Wine 8's console counts escape sequences as text and wraps
 * the line.
 */
export class LiveLine {
  readonly #stream: WriteStream;
  #shown = '';
  #shownAtMs = Number.NEGATIVE_INFINITY;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** Shows the text of `describe`, unless the line has just changed or the text is the same. */
  show(describe: () => string): void {
    const nowMs = performance.now();
    if (!this.#stream.isTTY || nowMs - this.#shownAtMs < leastPauseMs) return;
    this.#shownAtMs = nowMs;
    const line = describe().slice(0, longestLine);
    if (line === this.#shown) return;
    this.#stream.write(`\r${line.padEnd(this.#shown.length)}`);
    this.#shown = line;
  }

  /** Clears the line. */
  clear(): void {
    if (this.#shown === '') return;
    this.#stream.write(`\r${' '.repeat(this.#shown.length)}\r`);
    this.#shown = '';
  }

  /** Writes a permanent line. */
  print(line: string): void {
    this.clear();
    this.#stream.write(`${line}\n`);
  }
}
