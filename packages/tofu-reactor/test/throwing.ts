import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What `throwing.mjs` says when all is well. */
export const thrown = {
  caught: ['listen', 'onClose', 'onPost', 'onReadable', 'onTimeout', 'open'],
  read: 'served',
};

/** Runs it: in a process of its own, for the test runner has the uncaught exceptions of this one. */
export function runThrowing(mode: string): unknown {
  const script = fileURLToPath(new URL('./throwing.mjs', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script, mode], { encoding: 'utf8' }));
}
