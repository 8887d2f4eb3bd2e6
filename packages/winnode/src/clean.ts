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
  /** Paths that are in use, and by whom: for people. */
  readonly kept: readonly { readonly path: string; readonly why: string }[];
}

/** Another winnode that makes the same thing is waited for so long. */
const lockLimitMs = 60_000;

/** The name of a prefix in the cache, and what dead runs leave beside one. */
const prefixName = /^(.+-node-.+-v\d+)(?:\.(?:(?:making|old)-\d+|lock))?$/;
/** The same of a tree of npm's; see installTree. */
const treeName = /^(.+?)(?:\.(?:(?:making|old)-\d+|lock))?$/;

/**
 * Removes what winnode keeps in its cache: prefixes, Windows Nodes, packages. What a program runs in is
 * kept, and with it what that may load; what has another name than winnode gives is not touched. The prefix
 * that `WINNODE_PREFIX` names is the user's: it stays, and while it is in use so does what its programs may
 * load. A second call finds nothing. Killed half-way, it leaves nothing that counts as installed.
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

/** Without Wine no program runs in a prefix. */
function wineIfAny(env: NodeJS.ProcessEnv): Wine | undefined {
  try {
    return findWine(env);
  } catch (error) {
    if (error instanceof WinnodeError) return undefined;
    throw error;
  }
}

/** What there is in a directory of the cache by this pattern, leftovers by the name of their whole. */
function namesIn(directory: string, pattern: RegExp): string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return [...new Set(names)].map((name) => join(directory, name));
}

/** Who uses a prefix, for people. */
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

/** A directory with something in it has other owners, or is in use. */
function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Not empty, or not there.
  }
}
