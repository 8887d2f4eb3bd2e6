import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

// The top-level commands, as far as they can be tried without setting anything up.

const root = resolve(import.meta.dirname, '../../..');

describe('npm start refuses a slip at once, with one message and exit code 2', () => {
  test.each([
    [['--bogus'], /^Unknown option '--bogus'\. Known: --no-install, --stage, /],
    [['--port', '70000'], /^--port wants a number from 0 to 65535, got "70000"\.$/],
    [['--port', 'x'], /^--port wants a number from 0 to 65535, got "x"\.$/],
    [['--port', '-1'], /^Option '--port' argument is ambiguous\. Known: /],
    [['1-iocp'], /^Unexpected argument '1-iocp'\. Known: /],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/start.mjs', '--no-install', ...args],
      { cwd: root, encoding: 'utf8' },
    );
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });
});

describe('npm run repl refuses a slip at once, with one message and exit code 2', () => {
  test.each([
    [['--bogus'], /^Unknown option '--bogus'\. Known: --build, --no-install, --help\.$/],
    [['--build', 'fast'], /^--build wants debug or release, got "fast"\.$/],
  ])('%j', (args, message) => {
    const command = ['scripts/repl.mjs', '--no-install', ...args];
    const options = { cwd: root, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, command, options);
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(message);
    expect(status).toBe(2);
  });
});

describe('npm run bench refuses a slip at once, with one message and exit code 2', () => {
  test.each([
    [['--bogus'], /^Unknown option '--bogus'\. Known: --no-install, --quick, /],
    [['--pairs'], /^Option '--pairs <value>' argument missing\. Known: /],
  ])('%j', (args, message) => {
    const command = ['scripts/bench.mjs', '--no-install', ...args];
    const options = { cwd: root, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, command, options);
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });
});
