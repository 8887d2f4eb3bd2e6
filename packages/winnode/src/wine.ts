import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { pathIn } from './environment.js';
import { WinnodeError } from './errors.js';

/** A Wine that can run 64-bit Windows programs. */
export interface Wine {
  /** Absolute path of the 64-bit loader. */
  readonly loader: string;
  /** Absolute path of the wineserver that belongs to it. */
  readonly server: string;
  /** The version that the loader prints, for example `wine-8.0 (Debian 8.0~repack-4)`. */
  readonly version: string;
  /** The major version, such as 8. */
  readonly major: number;
}

/** The oldest Wine on which Windows Node 22 was tested. */
export const oldestWineMajor = 8;

// Debian and Ubuntu install the 64-bit loader here. Their `wine` script prints a hint about wine32
// to stderr at each start; the loader itself does not.
const debianDirectory = '/usr/lib/wine';

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(names: readonly string[], env: NodeJS.ProcessEnv): string[] {
  const directories = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => directories.map((directory) => resolve(directory, name)));
}

function findLoader(env: NodeJS.ProcessEnv): string | undefined {
  const asked = pathIn(env, 'WINNODE_WINE');
  if (asked !== undefined) {
    if (isExecutable(asked)) return asked;
    throw new WinnodeError(
      'ERR_WINE_MISSING',
      `WINNODE_WINE names "${asked}", which is not an executable file.`,
      'Set it to the path of a 64-bit Wine loader, or unset it: then winnode searches for one.',
    );
  }
  const candidates = [join(debianDirectory, 'wine64'), ...onPath(['wine64', 'wine'], env)];
  return candidates.find(isExecutable);
}

function findServer(loader: string, env: NodeJS.ProcessEnv): string | undefined {
  const asked = pathIn(env, 'WINESERVER');
  const beside = [dirname(loader), dirname(realpathSync(loader)), debianDirectory].flatMap(
    (directory) => [join(directory, 'wineserver'), join(directory, 'wineserver64')],
  );
  const candidates = [
    ...(asked === undefined ? [] : [asked]),
    ...beside,
    ...onPath(['wineserver'], env),
  ];
  return candidates.find(isExecutable);
}

/** The command with which a user installs Wine on this host. */
export function howToInstallWine(): string {
  if (process.platform === 'darwin') {
    return 'Install Wine 8 or newer, for example: brew install --cask wine-stable';
  }
  if (existsSync('/usr/bin/apt-get')) {
    return 'Install it, as root: apt-get update && apt-get install --no-install-recommends wine wine64';
  }
  return 'Install the 64-bit Wine of your distribution, version 8 or newer.';
}

/** The major number in the output of `wine --version`; 0 if there is none. */
export function parseWineMajor(version: string): number {
  return Number(/^wine-(\d+)/.exec(version)?.[1] ?? 0);
}

/**
 * Finds Wine: `WINNODE_WINE`, then Debian's place, then `PATH`.
 *
 * @throws {WinnodeError} `ERR_WINE_MISSING` or `ERR_WINE_TOO_OLD`; the hint says what to type.
 */
export function findWine(env: NodeJS.ProcessEnv = process.env): Wine {
  const loader = findLoader(env);
  if (loader === undefined) {
    throw new WinnodeError(
      'ERR_WINE_MISSING',
      'Wine was not found: this host needs it to run Windows Node.',
      howToInstallWine(),
    );
  }
  const server = findServer(loader, env);
  if (server === undefined) {
    throw new WinnodeError(
      'ERR_WINE_MISSING',
      `Wine was found at ${loader}, but no wineserver beside it or on PATH.`,
      'Set WINESERVER to the wineserver that belongs to this Wine.',
    );
  }
  const version = askVersion(loader, env);
  const major = parseWineMajor(version);
  if (major < oldestWineMajor) {
    throw new WinnodeError(
      'ERR_WINE_TOO_OLD',
      `${loader} is ${version}; Windows Node 22 needs Wine ${oldestWineMajor} or newer.`,
      'Use a newer distribution (Debian 12, Ubuntu 24.04), or set WINNODE_WINE to a newer Wine.',
    );
  }
  return { loader, server, version, major };
}

function askVersion(loader: string, env: NodeJS.ProcessEnv): string {
  try {
    // stderr is discarded: the distributions' wrappers print hints to it.
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    const said = execFileSync(loader, ['--version'], {
      encoding: 'utf8',
      stdio,
      env,
      timeout: 10_000,
    });
    return said.split('\n')[0]?.trim() ?? '';
  } catch (cause) {
    throw new WinnodeError(
      'ERR_WINE_MISSING',
      `${loader} does not answer --version.`,
      'Probably it is not a Wine for this machine. Set WINNODE_WINE to the loader of one that is.',
      { cause },
    );
  }
}
