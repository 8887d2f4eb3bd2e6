import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { vi } from 'vitest';
import { describeHost, type RunOptions, type Session } from 'winnode';
import { main } from 'winnode/cli';

export const host = describeHost();

const manifest = createRequire(import.meta.url).resolve('winnode/package.json');
/** The command line itself. */
export const bin = join(dirname(manifest), 'bin', 'winnode.mjs');

/**
 * Ends Windows Node immediately, without any event, with the exit code of `process.abort`.
 * `process.abort` itself first writes a stack trace, for which Node reads its symbols. Under Wine
 * this takes four seconds of CPU time. It is tested once, in sabotage-run.siege.test.ts.
 */
export const crash = 'process.reallyExit(134)';

/** The end of a run of the command line, and its output. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Without {@link Running.notices}. */
  readonly stderr: string;
}

/** A running command line. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /**
   * winnode's messages about a busy machine, which it may print although nothing failed. Complete
   * once winnode has ended.
   */
  notices(): string;
  /** Resolves when it has printed this text. */
  saw(text: string): Promise<void>;
}

/** The options of `spawn`, and the script to run; default: winnode's own. */
export type StartOptions = SpawnOptions & { readonly script?: string };

const busy =
  /^winnode: (Waiting for another winnode .*|Windows Node did not start .* winnode starts it once more\.)\n/gm;

/** Starts winnode's command line, with pipes for streams. */
export function start(args: readonly string[], given: StartOptions = {}): Running {
  const { script = bin, ...options } = given;
  const child = spawn(process.execPath, [script, ...args], { stdio: 'pipe', ...options });
  let stdout = '';
  let stderr = '';
  let onOutput = () => {};
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((done) => {
    child.on('close', (code, signal) => {
      // Such messages are rare, so they are logged.
      if (notices() !== '') console.warn(notices());
      done({ code, signal, stdout, stderr: stderr.replace(busy, '') });
    });
  });
  const notices = () => stderr.match(busy)?.join('') ?? '';
  const saw = async (text: string) => {
    while (!stdout.includes(text)) {
      await Promise.race([
        new Promise<void>((done) => {
          onOutput = done;
        }),
        ended.then(() => {
          throw new Error(`winnode ended before it printed "${text}"; its errors: ${stderr}`);
        }),
      ]);
    }
  };
  return { child, ended, notices, saw };
}

/** Runs winnode's command line to its end. */
export async function winnode(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  const { child, ended } = start(args, options);
  child.stdin?.end();
  return ended;
}

/**
 * Runs Windows Node through a session of this process, for tests that do not test the command
 * line.
 */
export async function runIn(
  session: Session,
  args: readonly string[],
  options: Pick<RunOptions, 'cwd' | 'env'> = {},
): Promise<Ended> {
  let said = { stdout: '', stderr: '' };
  const { exitCode, signal } = await session.run(args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    onSpawn: (child) => {
      // A second start takes the place of the first.
      const own = { stdout: '', stderr: '' };
      said = own;
      for (const name of ['stdout', 'stderr'] as const) {
        child[name]?.setEncoding('utf8').on('data', (text: string) => {
          own[name] += text;
        });
      }
    },
  });
  return { code: exitCode, signal, ...said };
}

/**
 * Runs the command line in this process, which takes a fraction of the time. For tests of
 * winnode's own output: the output of a program in Windows Node is not captured.
 *
 * @param env changes of the environment; undefined: the variable is removed
 * @param cwd the working directory during the run
 */
export async function winnodeHere(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd = process.cwd(),
): Promise<Ended> {
  const before = process.cwd();
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text;
      return true;
    }),
  );
  try {
    process.chdir(cwd);
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { exitCode, signal } = await main(args);
    return { code: exitCode, signal, ...said };
  } finally {
    vi.unstubAllEnvs();
    process.chdir(before);
    for (const spy of spies) spy.mockRestore();
  }
}
