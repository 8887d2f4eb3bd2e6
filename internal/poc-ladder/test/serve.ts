import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

export const main = createRequire(import.meta.url).resolve('poc-ladder/main');
export const build = `--build=${process.env['TEST_BUILD']}`;

/** Starts the echo server through the ladder. */
export function serve(...args: string[]) {
  const child = spawn(process.execPath, [main, '--serve', build, ...args], { stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text) => (output.stdout += text));
  child.stderr.on('data', (text) => (output.stderr += text));
  const ended = once(child, 'close').then(([code]) => ({ ...output, code }));
  return { child, ended };
}
