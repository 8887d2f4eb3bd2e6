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

describe('npm test is of the whole repository', () => {
  const npmTest = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, ['scripts/test.mjs', '--no-install', ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, TURBO_HASH: undefined, npm_config_filter: undefined, ...env },
    });

  test.each([
    [['--filter=ntdllx'], {}],
    [['--filter', 'ntdllx'], {}],
    [['-F', 'ntdllx'], {}],
    [['--affected'], {}],
    [[], { npm_config_filter: 'ntdllx' }],
  ])('%j %j is refused with the command that does it', (args, env) => {
    const { status, stderr } = npmTest(args, env);
    expect(stderr).toContain('pnpm turbo run test:debug --filter=ntdllx');
    expect(stderr).toContain('pnpm --filter ntdllx test:debug');
    expect(status).toBe(2);
  });

  test('another option is refused by name', () => {
    const { status, stderr } = npmTest(['--bogus']);
    expect(stderr.trim()).toBe("Unknown option '--bogus'. Known: --force, --no-install, --help.");
    expect(status).toBe(2);
  });

  test.each([
    ['test --filter=ntdllx'],
    ['run test --filter ntdllx'],
    ['run build:debug test -F ntdllx'],
    ['run ntdllx#test'],
    ['test --affected'],
  ])('pnpm turbo %s is refused likewise', (line) => {
    const command = ['scripts/turbo.mjs', ...line.split(' ')];
    const options = { cwd: root, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(process.execPath, command, options);
    expect(stderr).toContain('pnpm turbo run test:debug --filter=ntdllx');
    expect(status).toBe(2);
  });

  test.each([
    ['test', true],
    ['run test', true],
    ['--force test', true],
    ['run //#test', true],
    ['run test:debug --filter=ntdllx', false],
    ['boundaries', false],
    ['--version', false],
    ['ls test', false],
  ])('turbo %s runs the pipeline: %s', (line, expected) => {
    const script = `import { isTestRun } from './scripts/test-arguments.mjs';
      console.log(isTestRun(process.argv.slice(1)));`;
    const node = ['--input-type=module', '-e', script, '--', ...line.split(' ')];
    const { stdout } = spawnSync(process.execPath, node, { cwd: root, encoding: 'utf8' });
    expect(stdout.trim()).toBe(String(expected));
  });
});
