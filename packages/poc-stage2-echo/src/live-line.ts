import type { WriteStream } from 'node:tty';

/** A line that changes more often than this is not calm. */
const leastPauseMs = 250;
/** A line that reaches the last column wraps. */
const longestLine = 79;

/**
 * One line of a terminal that is written over again; nothing where there is no terminal. Done with
 * a carriage return and spaces alone: Wine 8's console counts escape sequences as text and wraps.
 */
export class LiveLine {
  readonly #stream: WriteStream;
  #shown = '';
  #shownAtMs = Number.NEGATIVE_INFINITY;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  /** Shows what `describe` says, unless it was asked a moment ago or says the same. */
  show(describe: () => string): void {
    const nowMs = performance.now();
    if (!this.#stream.isTTY || nowMs - this.#shownAtMs < leastPauseMs) return;
    this.#shownAtMs = nowMs;
    const line = describe().slice(0, longestLine);
    if (line === this.#shown) return;
    this.#stream.write(`\r${line.padEnd(this.#shown.length)}`);
    this.#shown = line;
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown === '') return;
    this.#stream.write(`\r${' '.repeat(this.#shown.length)}\r`);
    this.#shown = '';
  }

  /** Writes a line that stays. */
  print(line: string): void {
    this.clear();
    this.#stream.write(`${line}\n`);
  }
}
