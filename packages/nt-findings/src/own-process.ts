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
  readonly output: string;
  /** Why it failed: a crash, or its exit code; empty after a success or at the time limit. */
  readonly crash: string;
  /** True if it reached the time limit. */
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
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', failed);
    child.on('close', (code, signal) => {
      // `killed` is true only if the time limit ended it. Any other signal counts as a crash.
      const isLate = child.killed;
      done({ output, isLate, crash: isLate ? '' : crashOf(code, signal) });
    });
  });
}

/** From this value on, an exit code is the NTSTATUS that ended the process. */
const firstStatus = 0x8000_0000;

function crashOf(code: number | null, signal: NodeJS.Signals | null): string {
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
      'The probes need Windows Node. On this host winnode runs it, and winnode is not installed.',
      'Run: npm install --save-dev winnode (in a clone of tofu-nt: npm run setup). Or use Windows.',
      { cause },
    );
  }
}

/** Uses one session of winnode for all runs. After an error of winnode it opens a new session. */
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
    let output = '';
    try {
      const end = await this.#session.run([this.#winnode.toWindowsPath(script), ...args], {
        env,
        onProgress,
        timeLimitMs: limitMs,
        stdio: ['ignore', 'pipe', 'inherit'],
        onSpawn: ({ stdout }) => {
          // A second start replaces the first.
          output = '';
          stdout?.setEncoding('utf8').on('data', (text: string) => {
            output += text;
          });
        },
      });
      const { signal, crash, exitCode, isTimedOut } = end;
      // A signal that is not a crash was sent to this process, and winnode passed it on.
      if (signal !== null && crash === undefined) throw new ProbeInterruptedError(signal);
      const failure = exitCode === 0 || isTimedOut ? '' : `exit code ${exitCode}`;
      return { output, crash: crash ?? failure, isLate: isTimedOut === true };
    } catch (error) {
      const { message } = this.#ofWinnode(error);
      // Wine itself failed, possibly because of the last finding. The next run opens a new session.
      await this.close();
      return { output, crash: message, isLate: false };
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
