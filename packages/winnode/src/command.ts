import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { HeldSignals } from './signals.js';

/** Options of {@link runCommand}. */
export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv;
  /** After so long it is killed. */
  readonly limitMs: number;
  /** A file that its output is appended to; default: nowhere. */
  readonly log?: string;
  /** Looked at ten times a second: once it is true, the command is killed. */
  readonly isUnwanted?: () => boolean;
}

/** How a command ended. */
export interface CommandEnd {
  /** Its exit code, or -1 when it was killed. */
  readonly code: number;
  /** It was killed because its time was over. */
  readonly isLate: boolean;
}

/** Runs one of Wine's own commands to its end, which comes in time whatever happens. */
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
    // Not `close`: a stream that a service of Wine's still holds does not matter.
    child.on('exit', (code) => {
      settle();
      done({ code: code ?? -1, isLate });
    });
  });
}

/** True once a signal came. */
export const wasInterrupted = (held: HeldSignals | undefined) => () => held?.first !== undefined;
