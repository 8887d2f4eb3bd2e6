import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const { resolve } = createRequire(import.meta.url);
const winnode = join(dirname(resolve('winnode/package.json')), 'bin', 'winnode.mjs');

/** One line of the command's output with `--json`. */
export type Event = Readonly<Record<string, unknown>> & { readonly event: string };

/** The end of the command, and its output. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The time from {@link RunningCommand.interrupt} to its end, in milliseconds. */
  readonly endingMs: number;
}

/** The command in Windows Node. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandEnd>;
  /** The events that it has printed so far. */
  events(): Event[];
  /** The last event that it has printed. @throws if there is none */
  lastEvent(): Event;
  /** The port on which it listens. */
  port(): Promise<number>;
  /** Sends Ctrl-C. */
  interrupt(): void;
}

/** Starts `winnode tofu` with these arguments. */
export function startCommand(args: readonly string[], options: SpawnOptions = {}): RunningCommand {
  const child = spawn(process.execPath, [winnode, 'tofu', ...args], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  let interruptedMs = Number.NaN;
  const ended = new Promise<CommandEnd>((done) => {
    child.on('close', (code, signal) => {
      done({ code, signal, ...output, endingMs: performance.now() - interruptedMs });
    });
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const events = (): Event[] =>
    output.stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  return {
    child,
    ended,
    events,
    lastEvent() {
      const last = events().at(-1);
      if (last === undefined) throw new Error(`no event: ${output.stdout}${output.stderr}`);
      return last;
    },
    async port() {
      // The event of programs or the line for people.
      const address = /127\.0\.0\.1[|:](\d+)/;
      while (!address.test(output.stdout)) {
        if (isOver()) throw new Error(`ended without listening: ${output.stdout}${output.stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return Number(address.exec(output.stdout)?.[1]);
    },
    interrupt() {
      interruptedMs = performance.now();
      child.kill('SIGINT');
    },
  };
}
