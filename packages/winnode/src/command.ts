import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { HeldSignals } from './signals.js';

/** Options of {@link runCommand}. */
export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The time after which the command is killed, in milliseconds. */
  readonly limitMs: number;
  /** The file to which the command's output is appended; default: the output is discarded. */
  readonly log?: string;
  /** Polled ten times a second: once it returns true, the command is killed. */
  readonly isUnwanted?: () => boolean;
}

/** How a command ended. */
export interface CommandEnd {
  /** Its exit code, or -1 when it was killed. */
  readonly code: number;
  /** True if it was killed because it exceeded the time limit. */
  readonly isLate: boolean;
}

/** Runs a command of Wine or npm. The promise settles after the time limit at the latest. */
export function runCommand(
  path: string,
  args: readonly string[],
  { env, limitMs, log, isUnwanted = () => false }: CommandOptions,
): Promise<CommandEnd> {
  return new Promise((done, failed) => {
    const out = log === undefined ? 'ignore' : openSync(log, 'a');
    const child = spawn(path, args, { env, stdio: ['ignore', out, out] });
    let isLate = false;
    const startedMs = performance.now();
    const watch = setInterval(() => {
      isLate = performance.now() - startedMs > limitMs;
      if (isLate || isUnwanted()) child.kill('SIGKILL');
    }, 100);
    const settle = () => {
      clearInterval(watch);
      if (out !== 'ignore') closeSync(out);
    };
    child.on('error', (cause) => {
      settle();
      failed(cause);
    });
    // Not `close`, which waits until every process has closed the streams: a Wine service may keep
    // them open.
    child.on('exit', (code) => {
      settle();
      done({ code: code ?? -1, isLate });
    });
  });
}

/** Makes a function that returns true once a signal has arrived. */
export const wasInterrupted = (held: HeldSignals | undefined) => () => held?.first !== undefined;

/** Makes a function that returns true once the condition was true in `calls` calls in a row. */
export function inARow(calls: number, holds: () => boolean): () => boolean {
  let held = 0;
  return () => {
    held = holds() ? held + 1 : 0;
    return held >= calls;
  };
}
