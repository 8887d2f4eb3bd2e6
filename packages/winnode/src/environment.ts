import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { WinnodeError } from './errors.js';

/*
 * winnode checks whether a setting of the environment works, not only its text. A locale whose name
 * contains UTF-8 may not be installed. A path may be relative, or may not exist.
 */

/**
 * The absolute path that a variable names; undefined if the variable is not set or is empty.
 *
 * @throws {WinnodeError} `ERR_USAGE` for a `~` that the shell has not expanded.
 */
export function pathIn(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const asked = env[name];
  if (!asked) return undefined;
  const path = resolve(asked);
  if (asked.startsWith('~') && !existsSync(path)) {
    const message = `${name} is "${asked}": the shell did not expand the ~.`;
    throw new WinnodeError('ERR_USAGE', message, `Write the absolute path, or unset ${name}.`);
  }
  return path;
}

/**
 * The user's home directory.
 *
 * @throws {WinnodeError} `ERR_USAGE` if HOME is not an absolute path.
 */
export function homeDirectory(env: NodeJS.ProcessEnv): string {
  const home = env['HOME'] || homedir();
  if (isAbsolute(home)) return home;
  throw new WinnodeError(
    'ERR_USAGE',
    `HOME is "${home}", which is not an absolute path.`,
    'Set HOME to your home directory, or WINNODE_CACHE to a directory for Wine prefixes.',
  );
}

function isDirectoryForFiles(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * The TMPDIR that Wine gets. Wine keeps the sockets of a wineserver in this directory, so two
 * programs of one prefix with different values would each start a wineserver. Therefore all
 * programs use `/tmp`. The user's TMPDIR is used only if `/tmp` cannot be written.
 *
 * @throws {WinnodeError} `ERR_USAGE` if neither directory can be written.
 */
function temporaryDirectory(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (isDirectoryForFiles('/tmp')) return {};
  const path = pathIn(env, 'TMPDIR');
  if (path !== undefined && isDirectoryForFiles(path)) return { TMPDIR: path };
  throw new WinnodeError(
    'ERR_USAGE',
    `Wine needs a directory for temporary files: neither /tmp nor TMPDIR ("${path ?? ''}") is writable.`,
    'Set TMPDIR to a directory that you may write.',
  );
}

/** The variables from which glibc determines the locale, with their values. */
function localeOf(env: NodeJS.ProcessEnv): Map<string, string> {
  const names = Object.keys(env).filter((name) => /^(LANG|LC_[A-Z]+|LOCPATH)$/.test(name));
  return new Map(names.sort().map((name) => [name, env[name] ?? '']));
}

const alwaysUtf8 = new Set(['C.UTF-8', 'C.utf8']);
const answers = new Map<string, boolean>();

/** True if the locale of these settings is installed and uses UTF-8. */
function isUtf8(env: NodeJS.ProcessEnv): boolean {
  const settings = [...localeOf(env)].filter(([, value]) => value !== '');
  const decisive = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  if (!/utf-?8/i.test(decisive)) return false;
  if (settings.every(([, value]) => alwaysUtf8.has(value))) return true;
  const key = JSON.stringify(settings);
  const known = answers.get(key);
  if (known !== undefined) return known;
  const { stdout, stderr, error } = spawnSync('locale', ['charmap'], { env, encoding: 'utf8' });
  // `locale` prints an error for any category whose locale is missing; Wine then uses no locale
  // for any category. Without a `locale` command (musl) no locale can be missing: the name is
  // sufficient.
  const answer = error !== undefined || (stdout.trim() === 'UTF-8' && stderr === '');
  answers.set(key, answer);
  return answer;
}

/** The user's DLL overrides, with overrides that disable mono and gecko if the user has none. */
function withoutMonoAndGecko(overrides: string): string {
  const disabled = ['mscoree', 'mshtml'].filter((name) => !overrides.includes(name));
  return [overrides, ...disabled.map((name) => `${name}=`)].filter(Boolean).join(';');
}

/**
 * The environment in which Wine runs a program under `prefix`.
 *
 * Wine's debug output is off unless `WINEDEBUG` sets it. Wine offers neither mono nor gecko. No
 * display is set, so no window and no desktop process appears. Wine treats arguments and file
 * names as UTF-8, as Node does, even if no locale is set or the locale is not installed.
 *
 * @throws {WinnodeError} `ERR_USAGE` if Wine has no directory for temporary files.
 */
export function wineEnvironment(
  prefix: string,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const { DISPLAY: _x11, WAYLAND_DISPLAY: _wayland, WINEARCH: _arch, TMPDIR: _tmp, ...rest } = env;
  return {
    ...rest,
    ...temporaryDirectory(env),
    ...(isUtf8(env) ? {} : { LC_ALL: 'C.UTF-8' }),
    WINEPREFIX: prefix,
    WINEDEBUG: env['WINEDEBUG'] || '-all',
    WINEDLLOVERRIDES: withoutMonoAndGecko(env['WINEDLLOVERRIDES'] ?? ''),
  };
}
