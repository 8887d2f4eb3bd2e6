import { spawn } from 'node:child_process';
import { ntStatusName } from 'ntdllx';
import type { Session } from 'winnode';
import { ProbeError, ProbeInterruptedError } from './errors.js';

/*
 * Runs a finding's probe in a Windows Node process of its own. On Windows this starts the same
 * Node again. Elsewhere winnode starts Windows Node; winnode is loaded only then.
 */

/** The end of such a process, and its standard output. */
export interface ProcessEnd {
  readonly said: string;
  /** The cause of its death; empty if it exited by itself or reached the time limit. */
  readonly death: string;
  readonly isLate: boolean;
}

/** Runs programs in Windows Node, one after another. */
export interface Processes {
  /** Runs a script, an absolute path of this host, with arguments. */
  run(script: string, args: readonly string[]): Promise<ProcessEnd>;
  /** Ends everything that was started for these runs. Idempotent. */
  close(): Promise<void>;
}

/** Options of {@link openProcesses}. */
export interface ProcessOptions {
  readonly env: NodeJS.ProcessEnv;
  /** How long one run may take, its start included, in milliseconds. */
  readonly limitMs: number;
  readonly onProgress: (line: string) => void;
}

/**
 * Prepares this host for several runs.
 *
 * @throws {ProbeError} `ERR_PROBE` if it cannot run Windows Node, or winnode is not installed.
 * @throws {ProbeInterruptedError} if a signal ended it.
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
      // If this process did not end it, another process killed it, which counts as a death.
      const isLate = child.killed;
      done({ said, isLate, death: isLate ? '' : deathOf(code, signal) });
    });
  });
}

/** From this value on, an exit code is the NT status that ended the process. */
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

/** Runs through one session of winnode for as long as it works. */
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
          // A second start replaces the first.
          said = '';
          stdout?.setEncoding('utf8').on('data', (text: string) => {
            said += text;
          });
        },
      });
      const { signal, crash, exitCode, isTimedOut } = end;
      // A signal without a crash was meant for this process.
      if (signal !== null && crash === undefined) throw new ProbeInterruptedError(signal);
      const death = crash ?? (exitCode === 0 || isTimedOut ? '' : `exit code ${exitCode}`);
      return { said, death, isLate: isTimedOut === true };
    } catch (error) {
      const { message } = this.#ofWinnode(error);
      // Wine itself does not work properly, possibly because of the last finding: the next run
      // starts Wine anew.
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

  /**
   * Returns winnode's own errors. Throws any other error, and converts the end by a signal to this
   * package's error.
   */
  #ofWinnode(error: unknown): { readonly message: string; readonly hint: string } {
    const { InterruptedError, WinnodeError } = this.#winnode;
    if (error instanceof InterruptedError) throw new ProbeInterruptedError(error.signal);
    if (!(error instanceof WinnodeError)) throw error;
    return error;
  }
}
