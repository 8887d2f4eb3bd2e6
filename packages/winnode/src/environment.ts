import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { WinnodeError } from './errors.js';

/*
 * What the environment says is judged by its effect: a name that looks like a UTF-8 locale may be
 * installed or not, and a path may be relative, or gone.
 */

/**
 * The absolute path that a variable names; undefined where it names none.
 *
 * @throws {WinnodeError} `ERR_USAGE` for a `~` that no shell has expanded.
 */
export function pathIn(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const asked = env[name];
  if (!asked) return undefined;
  const path = resolve(asked);
  if (asked.startsWith('~') && !existsSync(path)) {
    const message = `${name} is "${asked}": no shell has expanded the ~ in it.`;
    throw new WinnodeError('ERR_USAGE', message, `Write the whole path, or unset ${name}.`);
  }
  return path;
}

/** The user's directory. @throws {WinnodeError} `ERR_USAGE` where HOME does not name one. */
export function homeDirectory(env: NodeJS.ProcessEnv): string {
  const home = env['HOME'] || homedir();
  if (isAbsolute(home)) return home;
  throw new WinnodeError(
    'ERR_USAGE',
    `HOME is "${home}", which is not an absolute path.`,
    'Set HOME to your home directory, or WINNODE_CACHE to where Wine prefixes are to be kept.',
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
 * TMPDIR as Wine gets it. Wine keeps the sockets of a wineserver there, so that two programs of
 * one prefix with different values would start a server each. So it is `/tmp` for all; TMPDIR is
 * looked at only where that cannot be used.
 *
 * @throws {WinnodeError} `ERR_USAGE` where neither can.
 */
function temporaryDirectory(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (isDirectoryForFiles('/tmp')) return {};
  const path = pathIn(env, 'TMPDIR');
  if (path !== undefined && isDirectoryForFiles(path)) return { TMPDIR: path };
  throw new WinnodeError(
    'ERR_USAGE',
    `Wine needs a directory for temporary files: /tmp cannot be written, nor can TMPDIR, "${path ?? ''}".`,
    'Set TMPDIR to a directory that can.',
  );
}

/** The settings of a locale that glibc looks at, and their values. */
function localeOf(env: NodeJS.ProcessEnv): Map<string, string> {
  const names = Object.keys(env).filter((name) => /^(LANG|LC_[A-Z]+|LOCPATH)$/.test(name));
  return new Map(names.sort().map((name) => [name, env[name] ?? '']));
}

const alwaysUtf8 = new Set(['C.UTF-8', 'C.utf8']);
const answers = new Map<string, boolean>();

/** True where a program finds with these settings that its locale is there, and is UTF-8. */
function isUtf8(env: NodeJS.ProcessEnv): boolean {
  const settings = [...localeOf(env)].filter(([, value]) => value !== '');
  const decisive = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  if (!/utf-?8/i.test(decisive)) return false;
  if (settings.every(([, value]) => alwaysUtf8.has(value))) return true;
  const key = JSON.stringify(settings);
  const known = answers.get(key);
  if (known !== undefined) return known;
  const { stdout, stderr, error } = spawnSync('locale', ['charmap'], { env, encoding: 'utf8' });
  // It complains of any category whose locale is missing. Wine then has none of them. Without this
  // program (musl) there is nothing to install: the name is enough.
  const answer = error !== undefined || (stdout.trim() === 'UTF-8' && stderr === '');
  answers.set(key, answer);
  return answer;
}

/**
 * The environment in which Wine runs a program under `prefix`.
 *
 * Wine's own chatter is off unless `WINEDEBUG` asks for it; mono and gecko are never offered; no
 * display is opened, so that no window and no desktop process appears. Arguments and file names are
 * UTF-8 to Wine, as they are to Node, also where the locale says nothing or is not installed.
 *
 * @throws {WinnodeError} `ERR_USAGE` where Wine finds no directory for temporary files.
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
    WINEDLLOVERRIDES: env['WINEDLLOVERRIDES'] || 'mscoree,mshtml=',
  };
}
