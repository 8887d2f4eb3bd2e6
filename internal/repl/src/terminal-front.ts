import type { ChildProcess } from 'node:child_process';
import type { RunOptions } from 'winnode';
import { takeEndMark } from './end-mark.js';
import { resizeText } from './resize.js';

/** How long the program may say nothing after Ctrl-C before that is said. */
const patienceMs = 1_000;
const ctrlC = 3;

/** Notices a program that does not answer Ctrl-C: it is inside a call, and reads nothing. */
class Patience {
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  readonly #say: () => void;

  constructor(say: () => void) {
    this.#say = say;
  }

  /** It wrote something. */
  answered(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isOver = false;
  }

  /** Ctrl-C was typed. @returns true when it is time to end the program. */
  asked(): boolean {
    if (this.#isOver) return true;
    this.#timer ??= setTimeout(() => {
      this.#isOver = true;
      this.#say();
    }, patienceMs);
    return false;
  }
}

/** This program's own terminal, with a program behind it that sees every key and draws everything. */
export class TerminalFront {
  /** True once the user ended the program because it did not answer. */
  wasEnded = false;
  readonly #stdin = process.stdin;
  readonly #stdout = process.stdout;
  #stop = () => {};

  /** How to start the program. */
  get options(): Pick<RunOptions, 'stdio' | 'onSpawn'> {
    return { stdio: 'pipe', onSpawn: (child) => this.#attach(child) };
  }

  #attach(child: ChildProcess): void {
    // There was one before, where a start that failed was made again.
    this.release();
    const [stdin, stdout] = [this.#stdin, this.#stdout];
    const patience = new Patience(() => {
      stdout.write('\nIt does not answer: it is inside a call. Ctrl-C again ends the prompt.\n');
    });
    const typed = (keys: Buffer) => {
      if (keys.includes(ctrlC) && patience.asked()) {
        this.wasEnded = true;
        child.kill('SIGKILL');
      } else child.stdin?.write(keys);
    };
    const resized = () => child.stdin?.write(resizeText(stdout));
    const hungUp = () => child.stdin?.end();
    // It has ended: the last input is not read.
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (written: Buffer) => {
      patience.answered();
      const { text, isEnding } = takeEndMark(written);
      stdout.write(text);
      if (isEnding) child.stdin?.end();
    });
    // Wine opens a console for any stream that is a terminal, and would draw there, too.
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

  /** Gives the terminal back as it was. */
  release(): void {
    this.#stop();
    this.#stop = () => {};
  }
}
