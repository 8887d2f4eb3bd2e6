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

/** The reason for creating a prefix that does not exist. */
const absent = 'it does not exist';
/** The reason for recreating a prefix in which Windows Node does not start. */
const unstarted = 'Windows Node does not start in it';

/**
 * The path of the prefix for this Wine and this Node: `WINNODE_PREFIX`, or a directory named after
 * both versions in the user's cache (`WINNODE_CACHE`, `XDG_CACHE_HOME`, `~/.cache`).
 *
 * @throws {WinnodeError} `ERR_PREFIX_REFUSED` for `~/.wine`, which belongs to the user;
 *   `ERR_USAGE` if a variable does not name a path.
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
        `WINNODE_PREFIX is ${prefix}, which belongs to you: winnode uses only prefixes of its own.`,
        'Name a directory that does not exist yet, or unset WINNODE_PREFIX.',
      );
    }
    return prefix;
  }
  const key = `${wine.version}-node-${node.version}-v${prefixLayout}`;
  return join(cacheDirectory(env), key.replace(/[^A-Za-z0-9.~+-]+/g, '-'));
}

/**
 * The full version string of the Wine with which winnode created this prefix; undefined if winnode
 * did not create it, or it does not exist. A prefix works only with that Wine, because its system
 * files are links to the files of that Wine.
 */
export function prefixWine(prefix: string): string | undefined {
  try {
    return readReady(prefix)?.wine;
  } catch {
    // The prefix cannot be read, so it is unknown whether winnode created it.
    return undefined;
  }
}

/** Options of {@link ensurePrefix}. */
export interface EnsurePrefixOptions {
  /** Called with one line of text before a slow step. */
  readonly onProgress?: (line: string) => void;
  /** The environment, for `WINNODE_PREFIX` and `WINNODE_START_LIMIT`; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Creates the prefix unless it exists and is intact. It holds a lock, so that a second process
 * waits. It creates the prefix in a temporary directory and renames that directory at the end.
 *
 * A damaged prefix in the cache is recreated. A prefix that `WINNODE_PREFIX` names is never
 * removed.
 *
 * @throws {WinnodeError} `ERR_PREFIX_REFUSED` if the path holds something else;
 *   `ERR_PREFIX_BROKEN` if the prefix that `WINNODE_PREFIX` names is damaged, or a damaged prefix
 *   is in use; `ERR_PREFIX_FAILED` if Wine cannot create it; `ERR_DISK_FULL`, `ERR_NOT_WRITABLE`,
 *   `ERR_LOCK`.
 */
export async function ensurePrefix(
  prefix: string,
  wine: Wine,
  node: WindowsNode,
  options: EnsurePrefixOptions = {},
): Promise<void> {
  const env = options.env ?? process.env;
  const isChosen = Boolean(env['WINNODE_PREFIX']);
  const check = () => {
    const why = whyToMake(prefix, wine, !isChosen);
    return isChosen && why !== undefined && why !== absent ? refuse(prefix, why) : why;
  };
  const parent = dirname(prefix);
  try {
    const isWell = check() === undefined && !isDoubted(prefix);
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
      const why = check() ?? (await whyNotToTrust(prefix, wine, node, env));
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
 * The last run could not start a program in this prefix. The cause may be the prefix or something
 * else. This tests the prefix, and returns undefined if Windows Node now runs in it.
 */
async function whyNotToTrust(
  prefix: string,
  wine: Wine,
  node: WindowsNode,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  // A prefix in which other programs run is intact.
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
  return `Windows Node does not start in ${prefix}; making a new prefix, which replaces it if Windows Node starts there (about 10 s)`;
}

/** The reason for creating the prefix; undefined if it is intact. */
function whyToMake(prefix: string, wine: Wine, isExact: boolean): string | undefined {
  const found = statSync(prefix, { throwIfNoEntry: false });
  if (found === undefined) return absent;
  if (found.isDirectory() && readdirSync(prefix).length === 0) return absent;
  return findDamage(prefix, wine.version, isExact);
}

/** Throws for a damaged prefix that the user chose: winnode does not replace it. */
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
    'winnode never removes a prefix that WINNODE_PREFIX names. Remove it yourself: the next run ' +
      'makes a new one. Or name another directory.',
  );
}
