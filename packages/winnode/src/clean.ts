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
  /** Paths that are in use, with the user of each in words. */
  readonly kept: readonly { readonly path: string; readonly why: string }[];
}

/** How long to wait for another winnode that creates the same directory. */
const lockLimitMs = 60_000;

/** The name of a prefix in the cache, or of a leftover of a killed run beside it. */
const prefixName = /^(.+-node-.+-v\d+)(?:\.(?:(?:making|old)-\d+|lock))?$/;
/** The name of an npm tree, or of a leftover beside it; see installTree. */
const treeName = /^(.+?)(?:\.(?:(?:making|old)-\d+|lock))?$/;

/**
 * Removes prefixes, Windows Nodes and packages from winnode's cache.
 *
 * A prefix in which a program runs is kept, and so are the files that this program may load. Files
 * whose name winnode does not use are kept. The prefix that `WINNODE_PREFIX` names belongs to the
 * user: it is kept, and while it is in use, so are the files that its programs may load. A second
 * call finds nothing to remove. If the process is killed half-way, the cache holds nothing that
 * counts as installed.
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
        kept.push({ path: tree, why: 'a program that runs may load it' });
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

/** Undefined without Wine: then no program can run in a prefix. */
function wineIfAny(env: NodeJS.ProcessEnv): Wine | undefined {
  try {
    return findWine(env);
  } catch (error) {
    if (error instanceof WinnodeError) return undefined;
    throw error;
  }
}

/**
 * The entries of a cache directory that match a pattern. A leftover is listed under the name of
 * the directory that it was to become.
 */
function namesIn(directory: string, pattern: RegExp): string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return [...new Set(names)].map((name) => join(directory, name));
}

/** Names the user of a prefix, for a message. */
async function userOf(prefix: string, wine: Wine | undefined): Promise<string | undefined> {
  const [user] = livingUsers(prefix);
  if (user !== undefined) return `process ${user} uses it`;
  if (wine === undefined || !existsSync(prefix) || isOurs(prefix)) return undefined;
  if (!(await isRunning(prefix, wine))) return undefined;
  return 'a wineserver that winnode did not start runs in it';
}

/** @returns whether there was a whole one. */
async function removePrefix(prefix: string, wine: Wine | undefined): Promise<boolean> {
  const isThere = existsSync(prefix);
  if (isThere) renameSync(prefix, `${prefix}.old-${process.pid}`);
  await clearLeftovers(prefix, wine);
  return isThere;
}

/** @returns whether there was a whole one. */
function removeTree(tree: string): boolean {
  const old = `${tree}.old-${process.pid}`;
  const isThere = existsSync(tree);
  if (isThere) renameSync(tree, old);
  removeLeftovers(tree);
  return isThere;
}

/** Removes a directory only if it is empty: otherwise it is in use, or holds files of others. */
function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // The directory is not empty or does not exist.
  }
}
