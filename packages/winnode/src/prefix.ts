import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory, ignoredIn } from './cache.js';
import { homeDirectory, pathIn } from './environment.js';
import { explained, WinnodeError } from './errors.js';
import { exclusively } from './lock.js';
import { makeDirectory } from './make-directory.js';
import {
  clearLeftovers,
  leftoversOf,
  makeLimitMs,
  makePrefix,
  requireUnused,
  runsNode,
} from './make-prefix.js';
import { findDamage, isDoubted, prefixLayout, readReady, trust } from './prefix-damage.js';
import type { WindowsNode } from './windows-node.js';
import type { Wine } from './wine.js';
import { livingUsers } from './wineserver.js';

/** Why a prefix is made where there is none. */
const absent = 'it is not there';
/** The same where nothing starts in the one that is there. */
const unstarted = 'Windows Node does not start in it';

/**
 * Where the prefix for this Wine and this Node is: `WINNODE_PREFIX`, or a directory named after
 * both versions in the user's cache (`WINNODE_CACHE`, `XDG_CACHE_HOME`, `~/.cache`).
 *
 * @throws {WinnodeError} `ERR_PREFIX_REFUSED` for `~/.wine`, which belongs to the user; `ERR_USAGE` for
 *   a variable that names no path.
 */
export function prefixPath(
  wine: Wine,
  node: WindowsNode,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const prefix = pathIn(env, 'WINNODE_PREFIX');
  if (prefix !== undefined) {
    const home = homeDirectory(env);
    if (prefix === join(home, '.wine') || prefix === home) {
      throw new WinnodeError(
        'ERR_PREFIX_REFUSED',
        `WINNODE_PREFIX is ${prefix}: winnode never touches a prefix that is yours.`,
        'Name a directory that does not exist yet, or unset WINNODE_PREFIX.',
      );
    }
    return prefix;
  }
  const key = `${wine.version}-node-${node.version}-v${prefixLayout}`;
  return join(cacheDirectory(env), key.replace(/[^A-Za-z0-9.~+-]+/g, '-'));
}

/**
 * The version of the Wine that winnode made this prefix with, to its end; undefined when there is no
 * such prefix. A prefix is for one Wine: its system files are links to that Wine's own.
 */
export function prefixWine(prefix: string): string | undefined {
  try {
    return readReady(prefix)?.wine;
  } catch {
    // It cannot be read, so whether it is one of winnode's is not known.
    return undefined;
  }
}

/** Options of {@link ensurePrefix}. */
export interface EnsurePrefixOptions {
  /** Called with one line before something slow starts. */
  readonly onProgress?: (line: string) => void;
  /** The environment, for `WINNODE_PREFIX` and `WINNODE_START_LIMIT`; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Makes the prefix unless it is there and whole. Two processes may ask at once: one makes it under a
 * lock, in a directory of its own that is renamed at the end, the other waits.
 *
 * A damaged prefix in the cache is made again. One that `WINNODE_PREFIX` names is never removed.
 *
 * @throws {WinnodeError} `ERR_PREFIX_REFUSED` when the place holds something else,
 *   `ERR_PREFIX_BROKEN` when what `WINNODE_PREFIX` names is damaged, or a damaged one is in use,
 *   `ERR_PREFIX_FAILED` when Wine cannot make it, `ERR_DISK_FULL`, `ERR_NOT_WRITABLE`, `ERR_LOCK`.
 */
export async function ensurePrefix(
  prefix: string,
  wine: Wine,
  node: WindowsNode,
  options: EnsurePrefixOptions = {},
): Promise<void> {
  const env = options.env ?? process.env;
  const isChosen = Boolean(env['WINNODE_PREFIX']);
  const look = () => {
    const why = whyToMake(prefix, wine, !isChosen);
    return isChosen && why !== undefined && why !== absent ? refuse(prefix, why) : why;
  };
  const parent = dirname(prefix);
  try {
    const isWell = look() === undefined && !isDoubted(prefix);
    if (isWell && leftoversOf(prefix).length === 0) return;
  } catch (cause) {
    throw explained(cause);
  }
  try {
    makeDirectory(parent);
  } catch (cause) {
    throw explained(cause, parent);
  }
  const { onProgress } = options;
  await exclusively(prefix, { limitMs: 2 * makeLimitMs(env), onProgress }, async () => {
    try {
      await clearLeftovers(prefix, wine);
      const why = look() ?? (await whyNotToTrust(prefix, wine, node, env));
      if (why === undefined) return;
      await requireUnused(prefix, wine);
      onProgress?.(announcement(prefix, why, ignoredIn(env)));
      await makePrefix(prefix, wine, node, env);
    } catch (cause) {
      throw explained(cause);
    }
  });
}

/**
 * Nothing started in it the last time, for a cause that may be its own or may have been around it.
 * So it is tried again: undefined where Windows Node runs in it now.
 */
async function whyNotToTrust(
  prefix: string,
  wine: Wine,
  node: WindowsNode,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  // One that others run in is well enough.
  if (!isDoubted(prefix) || livingUsers(prefix).length > 0) return undefined;
  if (!(await runsNode(prefix, wine, node, env))) return unstarted;
  trust(prefix);
  return undefined;
}

function announcement(prefix: string, why: string, ignored: string): string {
  if (why === absent) return `Making a Wine prefix in ${prefix} (once, about 10 s)${ignored}`;
  if (why !== unstarted) {
    return `The Wine prefix ${prefix} is damaged (${why}); making it again (about 10 s)`;
  }
  return `Windows Node does not start in ${prefix}; if it does in a new one, that takes its place (about 10 s)`;
}

/** Why the prefix has to be made; undefined when it is whole. */
function whyToMake(prefix: string, wine: Wine, isExact: boolean): string | undefined {
  const found = statSync(prefix, { throwIfNoEntry: false });
  if (found === undefined) return absent;
  if (found.isDirectory() && readdirSync(prefix).length === 0) return absent;
  return findDamage(prefix, wine.version, isExact);
}

/** What the user chose and what is not as it should be is the user's to look at. */
function refuse(prefix: string, damage: string): never {
  if (!existsSync(join(prefix, '.winnode'))) {
    throw new WinnodeError(
      'ERR_PREFIX_REFUSED',
      `${prefix} exists and was not made by winnode.`,
      'Name a directory that does not exist yet in WINNODE_PREFIX, or unset it.',
    );
  }
  throw new WinnodeError(
    'ERR_PREFIX_BROKEN',
    `The Wine prefix ${prefix} cannot be used: ${damage}.`,
    'winnode does not remove what WINNODE_PREFIX names. Remove it yourself, and it is made again; ' +
      'or name another directory.',
  );
}
