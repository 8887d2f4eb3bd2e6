import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runScript } from 'test-kit';
import { afterEach, describe, expect, test, vi } from 'vitest';

// Tests of the top-level commands that need no setup.

const root = resolve(import.meta.dirname, '../../..');
const urlOf = (script: string) => pathToFileURL(resolve(root, script)).href;
const { takeInstallFlag } = await import(urlOf('scripts/common.mjs'));
const { mendConfigDirectory, mendTemporaryDirectory } = await import(
  urlOf('internal/pipeline/src/mend-environment.mjs')
);
const { ignoreOutputSettings } = await import(urlOf('internal/pipeline/src/output-settings.mjs'));
const { isTestRun } = await import(urlOf('scripts/test-arguments.mjs'));

afterEach(() => {
  vi.unstubAllEnvs();
});

function stubEnvironment(env: Readonly<Record<string, string | undefined>>) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

const started = new Set<string>();
/**
 * The first run of a script is a process, to check its exit code; the others run in this process.
 */
async function run(script: string, ...args: readonly string[]) {
  if (started.has(script)) return await runScript(resolve(root, script), args);
  started.add(script);
  return spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' });
}

describe('npm start rejects wrong arguments at once, with one message and exit code 2', () => {
  test.each([
    [['--bogus'], /^Unknown option '--bogus'\. Known: --no-install, --stage, /],
    [['--port', '70000'], /^--port needs a number from 0 to 65535, got "70000"\.$/],
    [['--port', 'x'], /^--port needs a number from 0 to 65535, got "x"\.$/],
    [['--port', '-1'], /^Option '--port' argument is ambiguous\. Known: /],
    [['--stage', '9'], /^--stage needs one of 0-wake, 1-event, .*; got "9"\.$/],
    [['--build', 'fast'], /^--build needs one of debug, release; got "fast"\.$/],
    [['1-iocp'], /^Unexpected argument '1-iocp'\. Known: /],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await run('scripts/start.mjs', '--no-install', ...args);
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });
});

test.each(['trace', 'no-report', 'stage'])(
  'npm start --%s, a flag that npm keeps, is rejected',
  async (name) => {
    const kept = `npm_config_${name.replace('no-', '')}`;
    stubEnvironment({ npm_lifecycle_event: 'start', [kept]: '' });
    const { status, stderr } = await run('scripts/start.mjs', '--no-install');
    expect(stderr.trim()).toBe(
      `npm kept --${name} for itself. Write -- before it: npm start -- --${name} …`,
    );
    expect(status).toBe(2);
  },
);

test.each([
  [['--', '--help'], ['--help']],
  [
    ['--', '--no-install', '--stage', '0-wake'],
    ['--stage', '0-wake'],
  ],
  [
    ['x', '--', 'y'],
    ['x', '--', 'y'],
  ],
])('arguments as pnpm passes them on: %j', (args, rest) => {
  expect(takeInstallFlag(args).rest).toEqual(rest);
});

test.each([
  [
    '/no/such/place',
    undefined,
    /^TMPDIR is "\/no\/such\/place", but this directory does not exist\..+\n$/,
  ],
  ['~/tmp', undefined, /^TMPDIR is "~\/tmp", but this directory does not exist\..+\n$/],
  [
    'package.json',
    undefined,
    /^TMPDIR is "package\.json", but this directory does not exist\..+\n$/,
  ],
  ['node_modules', resolve('node_modules'), /^$/],
  ['', '', /^$/],
])('TMPDIR=%j becomes %j for the commands of this repository', (TMPDIR, mended, said) => {
  const env = { TMPDIR };
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  mendTemporaryDirectory(env);
  const text = write.mock.calls.join('');
  write.mockRestore();
  expect(env.TMPDIR).toBe(mended);
  expect(text).toMatch(said);
});

test.skipIf(process.platform === 'win32').each([
  [{ HOME: '/dev/null' }, '/none', '/dev/null/.config is not a directory.'],
  [{ HOME: '/dev/null', XDG_CONFIG_HOME: root }, root, ''],
  [{ HOME: root, XDG_CONFIG_HOME: `${root}/package.json/x` }, '/none', 'x is not a directory.'],
  [{ HOME: '/no/such/place' }, undefined, ''],
])('%j: XDG_CONFIG_HOME becomes %j for the commands of this repository', (given, mended, said) => {
  const env: NodeJS.ProcessEnv = { ...given };
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  mendConfigDirectory('/none', env);
  const text = write.mock.calls.join('');
  write.mockRestore();
  expect(env['XDG_CONFIG_HOME']).toBe(mended);
  expect(text).toContain(said);
  if (said === '') expect(text).toBe('');
});

test('FORCE_COLOR and WINEDEBUG do not reach the programs that a test starts', () => {
  const print = (env: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, ['-p', '[1, process.env.WINEDEBUG]'], { encoding: 'utf8', env })
      .stdout;
  const env = { ...process.env, FORCE_COLOR: '1', WINEDEBUG: 'fixme+all' };
  expect(print(env)).toContain('fixme+all');
  expect(print(env)).not.toContain('[ 1,');
  ignoreOutputSettings(env);
  expect(print(env)).toBe('[ 1, undefined ]\n');
});

describe.skipIf(process.platform === 'win32')('output that cannot be written', () => {
  // scripts/common.mjs handles lost output for all commands.
  const commands = ['scripts/start.mjs --help', 'scripts/siege.mjs --list'];
  const bash = (script: string) => {
    const env = { ...process.env, NODE: process.execPath };
    return spawnSync('bash', ['-c', script], { cwd: root, encoding: 'utf8', env }).stdout;
  };

  test('readers that have exited: every command ends without a message', () => {
    // A pipe without a reader, for both streams: the output would be lost.
    const each = commands
      .map((command) => `"$NODE" ${command} >&4 2>&4; echo "code $?"`)
      .join('; ');
    const said = bash(`exec 4> >(exec true); sleep 0.2; ${each}`);
    expect(said).toBe('code 0\n'.repeat(commands.length));
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk: every command fails', () => {
    const each = commands.map((command) => `"$NODE" ${command} > /dev/full; echo "code $?"`);
    expect(bash(`{ ${each.join('; ')}; } 2>&1`)).toBe('code 1\n'.repeat(commands.length));
  });
});

test('npm start -- --help names the flags for output that only programs read', async () => {
  const { stdout, status } = await run('scripts/start.mjs', '--', '--help');
  expect(stdout).toContain('npm start --silent -- --json');
  expect(status).toBe(0);
});

test('--no-install works before and after the --', () => {
  const isAllowed = (...args: readonly string[]) => takeInstallFlag(args).isInstallAllowed;
  stubEnvironment({ npm_config_install: undefined });
  expect(isAllowed('x')).toBe(true);
  expect(isAllowed('--no-install')).toBe(false);
  stubEnvironment({ npm_config_install: '' });
  expect(isAllowed()).toBe(false);
});

describe('npm run repl rejects wrong arguments at once, with one message and exit code 2', () => {
  test.each([
    [['--bogus'], /^Unknown option '--bogus'\. Known: --build, --no-install, --help\.$/],
    [['--build', 'fast'], /^--build needs debug or release, got "fast"\.$/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await run('scripts/repl.mjs', '--no-install', ...args);
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(message);
    expect(status).toBe(2);
  });
});

describe('npm run bench rejects wrong arguments at once, with one message and exit code 2', () => {
  test.each([
    [['--bogus'], /^Unknown option '--bogus'\. Known: --no-install, --quick, /],
    [['--pairs'], /^Option '--pairs <value>' argument missing\. Known: /],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await run('scripts/bench.mjs', '--no-install', ...args);
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
  });
});

describe('npm test always tests the whole repository', () => {
  const npmTest = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    stubEnvironment({ TURBO_HASH: undefined, npm_config_filter: undefined, ...env });
    return run('scripts/test.mjs', '--no-install', ...args);
  };

  test.each([
    [['--filter=ntdllx'], {}],
    [['--filter', 'ntdllx'], {}],
    [['-F', 'ntdllx'], {}],
    [['--affected'], {}],
    [[], { npm_config_filter: 'ntdllx' }],
  ])('%j %j is rejected, and the message names the command for one package', async (args, env) => {
    const { status, stderr } = await npmTest(args, env);
    expect(stderr).toContain('pnpm turbo run test:debug --filter=ntdllx');
    expect(stderr).toContain('pnpm --filter ntdllx test:debug');
    expect(status).toBe(2);
  });

  test('an unknown option is rejected, and the message names it', async () => {
    const { status, stderr } = await npmTest(['--bogus']);
    expect(stderr.trim()).toBe("Unknown option '--bogus'. Known: --force, --no-install, --help.");
    expect(status).toBe(2);
  });

  test.each([
    ['test --filter=ntdllx'],
    ['run test --filter ntdllx'],
    ['run build:debug test -F ntdllx'],
    ['run ntdllx#test'],
    ['run @tofu-nt/bench#test'],
    ['--filter ntdllx test'],
    ['build:debug test --filter=ntdllx'],
    ['test --affected'],
  ])(
    'pnpm turbo %s is rejected, and the message names the command for one package',
    async (line) => {
      const { status, stderr } = await run('scripts/turbo.mjs', ...line.split(' '));
      expect(stderr).toContain('pnpm turbo run test:debug --filter=ntdllx');
      expect(status).toBe(2);
    },
  );

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
    expect(isTestRun(line.split(' '))).toBe(expected);
  });
});
