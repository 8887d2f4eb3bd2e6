import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { main } from 'nt-findings/cli';
import { vi } from 'vitest';

const manifest = createRequire(import.meta.url).resolve('nt-findings/package.json');
/** The command itself. */
export const bin = join(dirname(manifest), 'bin', 'nt-findings.mjs');

/** The end of a run, and its output. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command. `saw` resolves when the command has printed a text. */
export function start(args: readonly string[], options: SpawnOptions = {}, script = bin) {
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  const ended = new Promise<Ended>((done) => {
    child.on('close', (code, signal) => done({ code, signal, ...said }));
  });
  const saw = (text: string) =>
    new Promise<void>((done, failed) => {
      const check = () => said.stdout.includes(text) && done();
      child.stdout?.on('data', check);
      check();
      ended.then(() => {
        failed(new Error(`the command ended before it printed "${text}"; errors: ${said.stderr}`));
      });
    });
  return { child, ended, saw };
}

/** Runs the command in this process, which takes a fraction of the time. */
export async function commandHere(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text;
      return true;
    }),
  );
  try {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { exitCode, signal } = await main(args);
    return { code: exitCode, signal, ...said };
  } finally {
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
