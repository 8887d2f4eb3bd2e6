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

test.each(['trace', 'no-report', 'stage'])(
  'npm start --%s, which npm keeps, is refused',
  (name) => {
    const kept = `npm_config_${name.replace('no-', '')}`;
    const env = { ...process.env, npm_lifecycle_event: 'start', [kept]: '' };
    const { status, stderr } = spawnSync(process.execPath, ['scripts/start.mjs', '--no-install'], {
      cwd: root,
      encoding: 'utf8',
      env,
    });
    expect(stderr.trim()).toBe(`npm took --${name} for its own: npm start -- --${name} …`);
    expect(status).toBe(2);
  },
);

test('--no-install is heard, wherever npm puts it', () => {
  const script = `import { takeInstallFlag } from './scripts/common.mjs';
    console.log(takeInstallFlag(process.argv.slice(1)).isInstallAllowed);`;
  const said = (args: readonly string[], extra: NodeJS.ProcessEnv) => {
    const node = ['--input-type=module', '-e', script, '--', ...args];
    const env = { ...process.env, npm_config_install: undefined, ...extra };
    return spawnSync(process.execPath, node, { cwd: root, encoding: 'utf8', env }).stdout.trim();
  };
  expect(said(['x'], {})).toBe('true');
  expect(said(['--no-install'], {})).toBe('false');
  expect(said([], { npm_config_install: '' })).toBe('false');
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
