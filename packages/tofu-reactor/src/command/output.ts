import type { Writable } from 'node:stream';
import { exitCodes } from './command-error.js';
import type { Reports } from './service.js';

/** Equal reports within this time are combined, in milliseconds. */
const combineMs = 1_000;
/** The length of a line that does not reach the last column, where a terminal would wrap it. */
const longestLine = 79;

/** The streams of the command, which tests replace. */
export interface Streams {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
}

/** A report that was printed a short time ago. */
interface Recent {
  count: number;
  readonly what: string;
  readonly timer: NodeJS.Timeout;
}

/**
 * What the command prints: lines for people, or with `--json` one object per line. Problems are
 * printed to standard error, all else to standard output. On a terminal the state of the service is
 * a line that is overwritten in place. It uses only a carriage return and spaces, because Wine 8's
 * console counts escape sequences as text and wraps the line.
 */
export class Output implements Reports {
  readonly #streams: Streams;
  readonly #isJson: boolean;
  readonly #recent = new Map<string, Recent>();
  readonly #onGone: () => void;
  #live = '';
  #exitCode: number = exitCodes.ended;

  /** @param onGone called when the reader of standard output has closed it. */
  constructor(streams: Streams, isJson: boolean, onGone: () => void) {
    this.#streams = streams;
    this.#isJson = isJson;
    this.#onGone = onGone;
    streams.stdout.on('error', this.#onError);
    streams.stderr.on('error', ignore);
  }

  /** The exit code that the state of the output requires; 0 while all of it was written. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** Prints a line for people, or the object for programs. */
  print(line: string, event: Readonly<Record<string, unknown>>): void {
    this.#clear();
    this.#streams.stdout.write(`${this.#isJson ? JSON.stringify(event) : line}\n`);
  }

  problem(what: string, message: string): void {
    const recent = this.#recent.get(message);
    if (recent !== undefined) {
      recent.count += 1;
      return;
    }
    this.#printProblem(what, message, 1);
    const timer = setTimeout(() => this.#repeat(message), combineMs).unref();
    this.#recent.set(message, { count: 0, what, timer });
  }

  /** Overwrites the line with the state; only on a terminal. */
  show(describe: () => string): void {
    if (this.#isJson || this.#streams.stdout.isTTY !== true) return;
    const line = describe().slice(0, longestLine);
    if (line === this.#live) return;
    this.#streams.stdout.write(`\r${line.padEnd(this.#live.length)}`);
    this.#live = line;
  }

  /** Prints the reports that were held back, and releases the streams. */
  async close(): Promise<void> {
    for (const message of [...this.#recent.keys()]) this.#repeat(message, true);
    this.#clear();
    // The error of the last write arrives as an event.
    await new Promise((resolve) => setImmediate(resolve));
    this.#streams.stdout.off('error', this.#onError);
    this.#streams.stderr.off('error', ignore);
  }

  #repeat(message: string, isLast = false): void {
    const { count, what, timer } = this.#recent.get(message) as Recent;
    clearTimeout(timer);
    this.#recent.delete(message);
    if (count === 0) return;
    this.#printProblem(what, message, count);
    if (isLast) return;
    const next = setTimeout(() => this.#repeat(message), combineMs).unref();
    this.#recent.set(message, { count: 0, what, timer: next });
  }

  #printProblem(what: string, message: string, count: number): void {
    this.#clear();
    if (this.#isJson) {
      this.#streams.stdout.write(`${JSON.stringify({ event: 'problem', what, message, count })}\n`);
      return;
    }
    const times = count === 1 ? '' : ` (${count} times)`;
    this.#streams.stderr.write(`tofu: ${message}${times}\n`);
  }

  #clear(): void {
    if (this.#live === '') return;
    this.#streams.stdout.write(`\r${' '.repeat(this.#live.length)}\r`);
    this.#live = '';
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    // libuv reports a pipe that was closed as EOF on Windows (according to its source).
    const isGone = error.code === 'EPIPE' || error.code === 'EOF';
    if (this.#exitCode === exitCodes.ended) {
      this.#exitCode = isGone ? exitCodes.brokenPipe : exitCodes.failed;
      if (!isGone) {
        // For example, the disk is full. The service continues.
        this.#streams.stderr.write(
          `tofu: The output is incomplete, because a write failed: ${error.message}. Most likely the ` +
            'disk is full.\n',
        );
      }
    }
    if (isGone) this.#onGone();
  };
}

const ignore = () => {};
