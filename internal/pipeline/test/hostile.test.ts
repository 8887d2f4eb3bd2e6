import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

// `limits`, which copies the repository, is left to `npm run hostile` itself.

const root = resolve(import.meta.dirname, '../../..');

/** What an expression is in a hostile environment, and the exit code of the command. */
function inEnvironment(name: string, expression: string) {
  const args = ['scripts/hostile.mjs', name, '--', process.execPath, '-p', expression];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { status, said: stdout.trim().split('\n').slice(1, -1).join('\n').trim() };
}

test.skipIf(process.platform !== 'linux').each([
  ['locale', 'process.env.LANG', /^xx_YY\.UTF-8$/],
  ['home', "[os.homedir(), 'USER' in process.env].join()", /^\/dev\/null\/home,false$/],
  ['temporary', 'os.tmpdir() + fs.statSync(os.tmpdir()).isDirectory()', /^\..*ü {2}'x' .+true$/],
  ['variables', 'process.env.NODE_PATH', /^\/nowhere$/],
])('the hostile environment %s applies to the command', (name, expression, said) => {
  const ended = inEnvironment(name, expression);
  expect(ended.said).toMatch(said);
  expect(ended.status).toBe(0);
});

test.skipIf(process.platform !== 'linux')('a command that fails makes npm run hostile fail', () => {
  expect(inEnvironment('locale', 'process.exit(3)').status).toBe(1);
});
