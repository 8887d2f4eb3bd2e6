import { spawn } from 'node:child_process';
import { ntStatusName } from 'ntdllx';
import type { Session } from 'winnode';
import { ProbeError, ProbeInterruptedError } from './errors.js';

/*
 * Where a finding is probed: in a process of Windows Node that is its own. On Windows that is this very
 * Node once more, and nothing else is needed. Elsewhere winnode runs it, which is loaded only then.
 */

/** How such a process ended, and what it wrote to its standard output. */
export interface ProcessEnd {
  readonly said: string;
  /** What it died of; empty where it ended by itself, or where its time was over. */
  readonly death: string;
  readonly isLate: boolean;
}

/** Runs programs in Windows Node, one after another. */
export interface Processes {
  /** Runs a script, an absolute path of this host, with arguments. */
  run(script: string, args: readonly string[]): Promise<ProcessEnd>;
  /** Ends what was started for that. Idempotent. */
  close(): Promise<void>;
}

/** What {@link openProcesses} needs. */
export interface ProcessOptions {
  readonly env: NodeJS.ProcessEnv;
  /** How long one run may take, its start included, in milliseconds. */
  readonly limitMs: number;
  readonly onProgress: (line: string) => void;
}

/**
 * Prepares this host for several runs.
 *
 * @throws {ProbeError} `ERR_PROBE` where it cannot run Windows Node, or has no winnode to do it with.
 * @throws {ProbeInterruptedError} when a signal ended it.
 */
export async function openProcesses(options: ProcessOptions): Promise<Processes> {
  if (process.platform !== 'win32') return new WineProcesses(await loadWinnode(), options);
  return { run: (script, args) => runOnWindows(script, args, options), close: async () => {} };
}

function runOnWindows(
  script: string,
  args: readonly string[],
  { env, limitMs }: ProcessOptions,
): Promise<ProcessEnd> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [script, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.on('error', failed);
    child.on('close', (code, signal) => {
      // Whoever else ended it did so from outside, which is a death.
      const isLate = child.killed;
      done({ said, isLate, death: isLate ? '' : deathOf(code, signal) });
    });
  });
}

/** From here on an exit code is the status of what ended the process. */
const firstStatus = 0x8000_0000;

function deathOf(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === 0) return '';
  if (code === null) return `ended by ${signal}`;
  if (code < firstStatus) return `exit code ${code}`;
  const number = `0x${code.toString(16).toUpperCase()}`;
  const name = ntStatusName(code);
  return name.startsWith('0x') ? number : `${number} ${name}`;
}

type Winnode = typeof import('winnode');

async function loadWinnode(): Promise<Winnode> {
  try {
    return await import('winnode');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new ProbeError(
      'ERR_PROBE',
      'The findings are about Windows, and winnode, which runs Windows Node here, is not installed.',
      'npm install --save-dev winnode (in a clone of tofu-nt: npm run setup), or go to Windows.',
      { cause },
    );
  }
}

/** Runs through one session of winnode for as long as that is well. */
class WineProcesses implements Processes {
  readonly #winnode: Winnode;
  readonly #options: ProcessOptions;
  #session: Session | undefined;

  constructor(winnode: Winnode, options: ProcessOptions) {
    this.#winnode = winnode;
    this.#options = options;
  }

  async run(script: string, args: readonly string[]): Promise<ProcessEnd> {
    const { limitMs, env, onProgress } = this.#options;
    this.#session ??= await this.#open();
    let said = '';
    try {
      const end = await this.#session.run([this.#winnode.toWindowsPath(script), ...args], {
        env,
        onProgress,
        timeLimitMs: limitMs,
        stdio: ['ignore', 'pipe', 'inherit'],
        onSpawn: ({ stdout }) => {
          // A second start takes the place of the first.
          said = '';
          stdout?.setEncoding('utf8').on('data', (text: string) => {
            said += text;
          });
        },
      });
      const { signal, crash, exitCode, isTimedOut } = end;
      // A signal that nothing died of by itself is one that was meant for this process.
      if (signal !== null && crash === undefined) throw new ProbeInterruptedError(signal);
      const death = crash ?? (exitCode === 0 || isTimedOut ? '' : `exit code ${exitCode}`);
      return { said, death, isLate: isTimedOut === true };
    } catch (error) {
      const { message } = this.#ofWinnode(error);
      // Wine itself is unwell, maybe by what was just done to it: the next one starts it anew.
      await this.close();
      return { said, death: message, isLate: false };
    }
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  async #open(): Promise<Session> {
    const { env, onProgress } = this.#options;
    try {
      return await this.#winnode.openSession({ env, onProgress });
    } catch (cause) {
      const { message, hint } = this.#ofWinnode(cause);
      throw new ProbeError('ERR_PROBE', message, hint, { cause });
    }
  }

  /** winnode's own error. Any other one is thrown again, and the end by a signal in our form. */
  #ofWinnode(error: unknown): { readonly message: string; readonly hint: string } {
    const { InterruptedError, WinnodeError } = this.#winnode;
    if (error instanceof InterruptedError) throw new ProbeInterruptedError(error.signal);
    if (!(error instanceof WinnodeError)) throw error;
    return error;
  }
}
