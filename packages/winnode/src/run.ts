import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { WinnodeError } from './errors.js';
import { ensurePrefix, prefixPath } from './prefix.js';
import { isInForeground } from './process-start.js';
import { type HeldSignals, holdSignals, InterruptedError, signalExitCode } from './signals.js';
import { findWindowsNode, type WindowsNode } from './windows-node.js';
import { quoteNodeOption, toWindowsPath } from './windows-path.js';
import { findWine, type Wine } from './wine.js';
import { wineEnvironment } from './wine-environment.js';
import { useWineserver, type WineserverLease } from './wineserver.js';

/** Options of {@link runWindowsNode}. */
export interface RunOptions {
  /** The working directory; default: this process's. */
  readonly cwd?: string;
  /** The environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** As in `child_process.spawn`; default: `inherit`. */
  readonly stdio?: StdioOptions;
  /**
   * Pass SIGINT, SIGTERM and SIGHUP on to the program while it runs; default: true. Under Wine they
   * do not end this process while the session is open, whatever is said here.
   */
  readonly forwardSignals?: boolean;
  /** Told one line before something slow starts. */
  readonly onProgress?: (line: string) => void;
  /** Handed the process as soon as it runs, for its streams. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** How a Windows Node ended. */
export interface RunResult {
  /** The exit code; 128 + the signal's number when a signal ended it, as shells count. */
  readonly exitCode: number;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | null;
}

/** A host's way of running Windows Node, ready for use. */
export interface Session {
  /** Runs Windows Node once: node options, a script and its arguments, as on a command line. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Ends the session; what it started ends with its last user. Idempotent. */
  close(): Promise<void>;
}

/**
 * Runs Windows Node once: natively on Windows with the Node that runs this, elsewhere under Wine.
 * Arguments are Node's own: options, a script, the script's arguments.
 *
 * @throws {WinnodeError} when this host cannot; a program that fails is a result, not an error.
 */
export async function runWindowsNode(
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const session = await openSession(options);
  try {
    return await session.run(args, options);
  } finally {
    await session.close();
  }
}

/**
 * Prepares this host for several runs: under Wine the prefix is made if need be and one wineserver
 * is kept for all of them, so that each starts in 0.2 s instead of 1 s.
 *
 * @throws {WinnodeError} when this host cannot run Windows Node.
 */
export async function openSession(
  options: Pick<RunOptions, 'env' | 'onProgress'> = {},
): Promise<Session> {
  const env = options.env ?? process.env;
  if (process.platform === 'win32') {
    return {
      run: async (args, runOptions = {}) => {
        const held = holdSignals();
        const own = runOptions.env ?? env;
        try {
          const child = await runChild(process.execPath, args, own, runOptions, held);
          return { exitCode: child.exitCode, signal: child.signal };
        } finally {
          held.release();
        }
      },
      close: async () => {},
    };
  }
  const wine = findWine(env);
  const node = findWindowsNode(env);
  const prefix = prefixPath(wine, node, env);
  await ensurePrefix(prefix, wine, node, options);
  // From here to the end of the session a wineserver may run for us: a signal must not end this
  // process without giving it back.
  const held = holdSignals();
  let lease: WineserverLease;
  try {
    lease = await useWineserver(prefix, wine);
    if (held.first !== undefined) {
      await lease.release();
      throw new InterruptedError(held.first);
    }
  } catch (error) {
    held.release();
    throw error;
  }
  return {
    async run(args, runOptions = {}) {
      // A signal between two runs ends the session's runs.
      const { first } = held;
      if (first !== undefined) return { exitCode: signalExitCode(first), signal: first };
      return runUnderWine({ wine, node, prefix, held }, args, env, runOptions);
    },
    async close() {
      try {
        await lease.release();
      } finally {
        held.release();
      }
    },
  };
}

interface WineHost {
  readonly wine: Wine;
  readonly node: WindowsNode;
  readonly prefix: string;
  readonly held: HeldSignals;
}

let nextRun = 0;

async function runUnderWine(
  { wine, node, prefix, held }: WineHost,
  args: readonly string[],
  sessionEnv: NodeJS.ProcessEnv,
  options: RunOptions,
): Promise<RunResult> {
  const env = wineEnvironment(prefix, options.env ?? sessionEnv);
  const endedFile = join(prefix, '.winnode', `ended-${process.pid}-${nextRun++}`);
  // A run that was killed may have left its own, under a pid that was given out again.
  rmSync(endedFile, { force: true });
  const [command, ...rest] = [...diesWithUs(), wine.loader, node.exe, ...args];
  const result = await runChild(
    command as string,
    rest,
    {
      ...env,
      NODE_OPTIONS: withPreload(env['NODE_OPTIONS']),
      WINNODE_ENDED_FILE: toWindowsPath(endedFile),
    },
    options,
    held,
  );
  const endedByItself = existsSync(endedFile);
  rmSync(endedFile, { force: true });
  // To die of Ctrl-C is exit code 0 under Wine 8, as if it were a success, and 58 under Wine 10.
  if (result.wasInterrupted && result.signal === null && !endedByItself) {
    return { exitCode: signalExitCode('SIGINT'), signal: 'SIGINT' };
  }
  return { exitCode: result.exitCode, signal: result.signal };
}

/**
 * What to put in front of a command so that the kernel ends it when this process is ended by
 * `kill -9`, of which no handler hears. Tied to the thread that starts it, so for the main one only.
 */
function diesWithUs(): string[] {
  const setpriv = '/usr/bin/setpriv';
  return isMainThread && existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL'] : [];
}

function withPreload(nodeOptions: string | undefined): string {
  const preload = toWindowsPath(fileURLToPath(new URL('./preload.cjs', import.meta.url)));
  return `-r ${quoteNodeOption(preload)}${nodeOptions ? ` ${nodeOptions}` : ''}`;
}

function runChild(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: RunOptions,
  held: HeldSignals,
): Promise<RunResult & { wasInterrupted: boolean }> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      env,
      stdio: options.stdio ?? 'inherit',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let wasInterrupted = false;
    const stopListening = held.listen((signal) => {
      if (options.forwardSignals === false) return;
      if (signal === 'SIGINT') wasInterrupted = true;
      // A terminal sends Ctrl-C to the child as well: passing it on would deliver it twice.
      if (signal === 'SIGINT' && isInForeground()) return;
      child.kill(signal);
    });
    child.on('error', (cause) => {
      stopListening();
      const hint = 'Does the working directory exist? Are too many processes running?';
      failed(new WinnodeError('ERR_LAUNCH', `Windows Node does not start: ${cause.message}`, hint));
    });
    child.on('close', (code, signal) => {
      stopListening();
      const exitCode = code ?? (signal === null ? 1 : signalExitCode(signal));
      done({ exitCode, signal, wasInterrupted });
    });
    options.onSpawn?.(child);
  });
}
