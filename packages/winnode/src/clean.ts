import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.js';
import { pathIn } from './environment.js';
import { explained, WinnodeError } from './errors.js';
import { exclusively } from './lock.js';
import { clearLeftovers } from './make-prefix.js';
import { removeLeftovers } from './npm-tree.js';
import type { InstallOptions } from './windows-node.js';
import { findWine, type Wine } from './wine.js';
import { isOurs, livingUsers } from './wineserver.js';
import { isRunning } from './wineserver-process.js';

/** What {@link clean} did. */
export interface Cleaned {
  /** Paths that were removed. */
  readonly removed: readonly string[];
  /** Paths that are in use, each with a text that names the user. */
  readonly kept: readonly { readonly path: string; readonly why: string }[];
}

/** How long to wait for another winnode that creates the same directory. */
const lockLimitMs = 60_000;

/** The name of a prefix in the cache, or of a leftover of a killed run. */
const prefixName = /^(.+-node-.+-v\d+)(?:\.(?:(?:making|old)-\d+|lock))?$/;
/** The name of a directory that installTree makes, or of a leftover of a killed installation. */
const treeName = /^(.+?)(?:\.(?:(?:making|old)-\d+|lock))?$/;

/**
 * Removes prefixes, Windows Nodes and packages from winnode's cache.
 *
 * It keeps a prefix in which a program runs, and the files that this program may load. It keeps
 * files that winnode did not make, which it recognizes by their names. It keeps the prefix that
 * `WINNODE_PREFIX` names, which belongs to the user, and, while that prefix is in use, the files
 * that its programs may load. A second call finds nothing to remove. If the process is killed
 * half-way, nothing that is left in the cache counts as installed.
 *
 * @throws {WinnodeError} `ERR_LOCK`, `ERR_NOT_WRITABLE`, `ERR_WINESERVER`.
 */
export async function clean(options: InstallOptions = {}): Promise<Cleaned> {
  const { env = process.env, onProgress } = options;
  const cache = cacheDirectory(env);
  const [removed, kept]: [string[], { path: string; why: string }[]] = [[], []];
  const wine = wineIfAny(env);
  const limits = { limitMs: lockLimitMs, onProgress };
  const chosen = pathIn(env, 'WINNODE_PREFIX');
  try {
    const why = chosen && (await userOf(chosen, wine));
    if (chosen && why) kept.push({ path: chosen, why });
    for (const prefix of namesIn(cache, prefixName)) {
      if (prefix === chosen) continue;
      await exclusively(prefix, limits, async () => {
        const why = await userOf(prefix, wine);
        if (why !== undefined) kept.push({ path: prefix, why });
        else if (await removePrefix(prefix, wine)) removed.push(prefix);
      });
    }
    const trees = ['node', 'packages'].flatMap((kind) => namesIn(join(cache, kind), treeName));
    for (const tree of trees) {
      if (kept.length > 0) {
        kept.push({ path: tree, why: 'a running program may load it' });
      } else {
        await exclusively(tree, limits, async () => {
          if (removeTree(tree)) removed.push(tree);
        });
      }
    }
    rmSync(join(cache, 'locks'), { recursive: true, force: true });
  } catch (cause) {
    throw explained(cause, cache);
  }
  for (const directory of [join(cache, 'node'), join(cache, 'packages'), cache])
    removeEmpty(directory);
  return { removed, kept };
}

/** Wine; undefined if this host has none: then no program can run in a prefix. */
function wineIfAny(env: NodeJS.ProcessEnv): Wine | undefined {
  try {
    return findWine(env);
  } catch (error) {
    if (error instanceof WinnodeError) return undefined;
    throw error;
  }
}

/**
 * The entries of a cache directory that match a pattern. A leftover, such as `NAME.making-123`, is
 * listed as `NAME`.
 */
function namesIn(directory: string, pattern: RegExp): string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return [...new Set(names)].map((name) => join(directory, name));
}

/** The user of a prefix, as text for a message; undefined if it is not in use. */
async function userOf(prefix: string, wine: Wine | undefined): Promise<string | undefined> {
  const [user] = livingUsers(prefix);
  if (user !== undefined) return `process ${user} uses it`;
  if (wine === undefined || !existsSync(prefix) || isOurs(prefix)) return undefined;
  if (!(await isRunning(prefix, wine))) return undefined;
  return 'a wineserver that winnode did not start uses it';
}

/** @returns false if there were only leftovers. */
async function removePrefix(prefix: string, wine: Wine | undefined): Promise<boolean> {
  const isThere = existsSync(prefix);
  if (isThere) renameSync(prefix, `${prefix}.old-${process.pid}`);
  await clearLeftovers(prefix, wine);
  return isThere;
}

/** @returns false if there were only leftovers. */
function removeTree(tree: string): boolean {
  const old = `${tree}.old-${process.pid}`;
  const isThere = existsSync(tree);
  if (isThere) renameSync(tree, old);
  removeLeftovers(tree);
  return isThere;
}

/** Removes a directory if it is empty. Otherwise it is in use, or has files of other programs. */
function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // The directory is not empty or does not exist.
  }
}
