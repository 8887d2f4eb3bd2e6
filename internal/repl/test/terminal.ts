import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { stripVTControlCharacters } from 'node:util';
import { hostProfile } from 'test-kit';
import { describeHost } from 'winnode';

/** The program behind `pnpm repl`, in the tested build. */
export const main = createRequire(import.meta.url).resolve('nt-repl/main');
export const build = process.env['TEST_BUILD'] ?? 'debug';
export const host = describeHost();

/** Pipes lines to a prompt without a terminal, and lets it run to its end. */
export function pipe(input: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--build', build], {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout: stdout.replaceAll('\r', ''), stderr };
}

/** Why tests have no terminal here; undefined if they have one. */
export function whyNoTerminal(): string | undefined {
  if (host.kind === 'none') return host.reason;
  const { isPresent, reason } = hostProfile().pseudoTerminals;
  return isPresent ? undefined : reason;
}

export const key = {
  ctrlC: '\x03',
  ctrlD: '\x04',
  tab: '\t',
  up: '\x1b[A',
  left: '\x1b[D',
} as const;

/** A prompt in its own terminal, 200 characters wide. */
export class Terminal {
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #text = '';
  #seen = 0;
  #onOutput = () => {};

  constructor(history = '') {
    const prompt = `'${process.execPath}' '${main}' --build ${build}`;
    const script = ['-qfec', `stty cols 200 rows 50; ${prompt}`, '/dev/null'];
    // Variables that make Node treat a terminal as one without colours, as on a CI server.
    const { CI, NO_COLOR, NODE_DISABLE_COLORS, FORCE_COLOR, ...rest } = process.env;
    const env = { ...rest, TERM: 'xterm-256color', NODE_REPL_HISTORY: history };
    this.#child = spawn('script', script, { env });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#onOutput();
    });
    this.ended = new Promise((done) => {
      this.#child.on('close', (code) => {
        done(code);
        this.#onOutput();
      });
    });
  }

  /** Everything that was drawn, without colours and cursor movements. */
  get text(): string {
    return stripVTControlCharacters(this.#text).replaceAll('\r', '');
  }

  /** The same with colours and cursor movements. */
  get raw(): string {
    return this.#text;
  }

  /** Types keys in one piece, like a paste. Node recognises a Tab only alone or at the end. */
  type(keys: string): void {
    this.#seen = this.text.length;
    this.#child.stdin?.write(keys);
  }

  /**
   * Waits until this is drawn after the last typed text.
   *
   * @returns everything that was drawn since
   */
  async saw(what: string | RegExp, limitMs = 25_000): Promise<string> {
    const until = performance.now() + limitMs;
    for (;;) {
      const text = this.text.slice(this.#seen);
      if (typeof what === 'string' ? text.includes(what) : what.test(text)) return text;
      const leftMs = until - performance.now();
      if (leftMs <= 0 || this.#child.exitCode !== null) {
        throw new Error(`did not see ${what} in ${JSON.stringify(text)}`);
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, leftMs);
        this.#onOutput = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  /** Types a line, and waits for the prompt after its result. */
  async enter(line: string): Promise<string> {
    this.type(`${line}\r`);
    return await this.saw(/\n(.|\n)*nt> $/);
  }

  /** Ends the prompt in any state. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGHUP');
    await this.ended;
  }
}

/**
 * Opens a prompt that waits for its first line.
 *
 * @param history the history file; default: none
 */
export async function openPrompt(history?: string): Promise<Terminal> {
  const terminal = new Terminal(history);
  await terminal.saw(/nt> $/);
  return terminal;
}
