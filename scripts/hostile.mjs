// npm run hostile: runs `npm test`, or another command, in environments that ordinary machines do
// not have. Each must make no difference to the result. Linux only.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { copyRepository, removeCopy } from '../internal/pipeline/src/copy-repository.mjs';
import { main, root, SetupError } from './common.mjs';

/** The home directory of the user, for the caches. */
const home = process.env.HOME || homedir();

/**
 * Each environment: `what` it is; `variables` that are set, or removed where undefined; `scratch`,
 * directory and beginning of the name of a new directory; `limits`, a line of bash that runs
 * first; `isCopied` if the command runs in a copy of the repository.
 */
const environments = {
  locale: {
    what: 'a UTF-8 locale that is not installed, another language, an odd time zone',
    variables: () => ({
      LANG: 'xx_YY.UTF-8',
      LC_ALL: undefined,
      LC_TIME: 'tr_TR.UTF-8',
      LC_NUMERIC: 'de_DE',
      LANGUAGE: 'tlh:de:ja',
      TZ: 'Pacific/Chatham',
    }),
  },
  temporary: {
    what: 'a relative TMPDIR on another file system, with blanks, an umlaut, quotes and a dollar sign',
    variables: ({ scratch }) => ({ TMPDIR: relative(root, scratch) }),
    scratch: ['/dev/shm', "hostile ü  'x' $HOME & (1) "],
  },
  home: {
    what: 'no home directory, no user; the caches of winnode and npm are named instead',
    variables: () => ({
      HOME: '/dev/null/home',
      XDG_CACHE_HOME: undefined,
      XDG_CONFIG_HOME: '/dev/null/config',
      XDG_RUNTIME_DIR: '/dev/null/run',
      USER: undefined,
      LOGNAME: undefined,
      SHELL: '/bin/false',
      TERM: undefined,
      WINNODE_CACHE: process.env.WINNODE_CACHE || join(home, '.cache', 'winnode'),
      npm_config_cache: process.env.npm_config_cache || join(home, '.npm'),
    }),
  },
  variables: {
    what: 'settings of another Wine, of Node, npm, git and a task runner, each wrong for this project',
    variables: () => ({
      WINEPREFIX: '/dev/null/prefix',
      WINEARCH: 'win32',
      WINEDLLOVERRIDES: 'winemenubuilder.exe=d;d3d11,dxgi=n',
      WINEDEBUG: 'fixme+all',
      WINELOADER: '/nowhere/wine',
      DISPLAY: ':99',
      WAYLAND_DISPLAY: 'wayland-99',
      NODE_OPTIONS: '--trace-warnings --max-old-space-size=4000',
      NODE_PATH: '/nowhere',
      NODE_ENV: 'production',
      npm_config_loglevel: 'silly',
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_color: 'always',
      npm_config_prefix: '/nowhere',
      FORCE_COLOR: '3',
      NO_COLOR: '1',
      CI: '1',
      POSIXLY_CORRECT: '1',
      GIT_DIR: '/nowhere/.git',
      CDPATH: '/',
      TURBO_UI: 'true',
      VITEST_POOL_ID: '7',
    }),
  },
  limits: {
    what: 'a long path with blanks and an umlaut, 4,096 descriptors, umask 077, no standard input',
    // A prefix of its own: its wineserver has these limits, and other programs must not get it.
    variables: ({ scratch }) => ({ WINNODE_PREFIX: join(scratch, 'prefix') }),
    scratch: [tmpdir(), 'hostile-'],
    // A wineserver serves several programs, and has the descriptors of all their sockets: with 256
    // Windows Node fails with EMFILE, and with 1,024 the tests with many sockets.
    limits: 'ulimit -c 0 -n 4096; umask 077; exec <&-',
    isCopied: true,
  },
};

const usage = `npm run hostile -- [NAME…] [-- COMMAND…]: runs a command in hostile environments, one after another.

Without a name: in all of them. Without a command: npm test -- --no-install --force.

${Object.entries(environments)
  .map(([name, { what }]) => `  ${name.padEnd(10)} ${what}\n`)
  .join('')}`;

function readArguments(args) {
  if (['--help', '--list'].includes(args[0])) return undefined;
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const names = args.slice(0, end);
  const command = args.slice(end + 1);
  const unknown = names.find((name) => !Object.hasOwn(environments, name));
  if (unknown !== undefined)
    throw new SetupError(`Unknown environment '${unknown}'.\n\n${usage}`, 2);
  return {
    names: names.length > 0 ? names : Object.keys(environments),
    command: command.length > 0 ? command : ['npm', 'test', '--', '--no-install', '--force'],
  };
}

/** Runs the command in an environment. @returns its exit code. */
function runIn({ variables, limits = '', isCopied = false, scratch: place }, command) {
  const scratch = place && mkdtempSync(join(...place));
  const cwd = isCopied ? copyRepository(`hostile ü ${'long '.repeat(8)}path`) : root;
  const env = { ...process.env, ...variables({ scratch }) };
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
  const shell = ['-c', `${limits}\nexec "$@"`, 'hostile', ...command];
  try {
    const { status, error } = spawnSync('/bin/bash', shell, { cwd, env, stdio: 'inherit' });
    if (error) throw new SetupError(`${command[0]} could not be started: ${error.message}`);
    return status ?? 1;
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
    if (isCopied) removeCopy(cwd);
  }
}

await main(async () => {
  const asked = readArguments(process.argv.slice(2));
  if (asked === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  const failed = asked.names.filter((name) => {
    process.stdout.write(`\n${name}: ${environments[name].what}\n`);
    const code = runIn(environments[name], asked.command);
    process.stdout.write(`\n${name}: ${code === 0 ? 'passed' : `failed with exit code ${code}`}\n`);
    return code !== 0;
  });
  return failed.length === 0 ? 0 : 1;
});
