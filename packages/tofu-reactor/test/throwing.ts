import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The expected output of `throwing.mjs`. */
export const thrown = {
  caught: ['listen', 'onClose', 'onPost', 'onReadable', 'onTimeout', 'open'],
  read: 'served',
};

/**
 * Runs `throwing.mjs` in a separate process, because the test runner handles the uncaught
 * exceptions of its own process.
 */
export function runThrowing(mode: string): unknown {
  const script = fileURLToPath(new URL('./throwing.mjs', import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script, mode], { encoding: 'utf8' }));
}
