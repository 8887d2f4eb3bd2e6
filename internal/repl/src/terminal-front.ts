import type { ChildProcess } from 'node:child_process';
import type { RunOptions } from 'winnode';
import { takeEndMark } from './end-mark.js';
import { resizeText } from './resize.js';

/** How long the program may be silent after Ctrl-C before a message is printed. */
const patienceMs = 1_000;
const ctrlC = 3;

/** Detects that the program does not answer Ctrl-C: it is inside a call and reads nothing. */
class Patience {
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  readonly #say: () => void;

  constructor(say: () => void) {
    this.#say = say;
  }

  /** The program wrote something. */
  answered(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isOver = false;
  }

  /**
   * Ctrl-C was typed.
   *
   * @returns true if the program must be ended now
   */
  asked(): boolean {
    if (this.#isOver) return true;
    this.#timer ??= setTimeout(() => {
      this.#isOver = true;
      this.#say();
    }, patienceMs);
    return false;
  }
}

/** This program's terminal. Another program behind it gets every key and draws everything. */
export class TerminalFront {
  /** True if the user ended the program because it did not answer. */
  wasEnded = false;
  readonly #stdin = process.stdin;
  readonly #stdout = process.stdout;
  #stop = () => {};

  /** The options with which the program is started. */
  get options(): Pick<RunOptions, 'stdio' | 'onSpawn'> {
    return { stdio: 'pipe', onSpawn: (child) => this.#attach(child) };
  }

  #attach(child: ChildProcess): void {
    // If winnode repeats a failed start, there was an earlier process.
    this.release();
    const [stdin, stdout] = [this.#stdin, this.#stdout];
    const patience = new Patience(() => {
      stdout.write(
        '\nThe prompt does not answer: it is blocked in a call. Ctrl-C again ends the prompt.\n',
      );
    });
    const typed = (keys: Buffer) => {
      if (keys.includes(ctrlC) && patience.asked()) {
        this.wasEnded = true;
        child.kill('SIGKILL');
      } else child.stdin?.write(keys);
    };
    const resized = () => child.stdin?.write(resizeText(stdout));
    const hungUp = () => child.stdin?.end();
    // The program has ended: it does not read the last input.
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (written: Buffer) => {
      patience.answered();
      const { text, isEnding } = takeEndMark(written);
      stdout.write(text);
      if (isEnding) child.stdin?.end();
    });
    // If a stream is a terminal, Wine opens a console for it and would draw there, too.
    child.stderr?.on('data', (text: Buffer) => {
      patience.answered();
      process.stderr.write(text);
    });
    stdin.setRawMode(true);
    stdin.on('data', typed).on('end', hungUp);
    stdout.on('resize', resized);
    this.#stop = () => {
      patience.answered();
      stdin.off('data', typed).off('end', hungUp);
      stdout.off('resize', resized);
      stdin.setRawMode(false);
      stdin.pause();
    };
  }

  /** Restores the terminal. */
  release(): void {
    this.#stop();
    this.#stop = () => {};
  }
}
