import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheDirectory } from './cache.js';
import { WinnodeError } from './errors.js';
import { askPlatforms } from './npm-platforms.js';
import { type InstallTreeOptions, installTree, type NpmPackage } from './npm-tree.js';
import {
  findProjectLock,
  type ProjectLock,
  type WindowsPackage,
  windowsPackagesOf,
} from './project-lock.js';
import type { InstallOptions } from './windows-node.js';

/** The value of `WINNODE_PACKAGES` that means: use no packages. */
const none = 'none';

/**
 * Installs the Windows builds of a project's native packages and returns their directory, which
 * has a `node_modules`, in winnode's cache. Returns undefined if the project needs none, or if its
 * own `node_modules` contains them, as with pnpm's `supportedArchitectures`.
 *
 * The list of packages comes from the project's lock file. Their versions are therefore those of
 * the host's builds, and their checksums those of the lock file. `WINNODE_PACKAGES` names another
 * such directory, or is `none`.
 *
 * @param directory a directory of the project; the nearest lock file upwards is used
 * @throws {WinnodeError} `ERR_FETCH`, `ERR_DISK_FULL`, `ERR_NOT_WRITABLE`, `ERR_LOCK`,
 *   `ERR_USAGE`.
 */
export async function installWindowsPackages(
  directory: string = process.cwd(),
  options: InstallOptions = {},
): Promise<string | undefined> {
  const { env = process.env, onProgress } = options;
  const asked = env['WINNODE_PACKAGES'];
  if (process.platform === 'win32' || asked === none) return undefined;
  if (asked) return chosenDirectory(asked);
  const lock = findProjectLock(resolve(directory));
  if (lock === undefined) return undefined;
  const cache = cacheDirectory(env);
  const packages = await readThrough(cache, lock, { env, onProgress }).catch(withWayOut);
  const missing = packages.filter(
    ({ place, name }) =>
      !existsSync(join(lock.project, place)) &&
      !existsSync(join(lock.project, 'node_modules', name)),
  );
  if (missing.length === 0) return undefined;
  const tree = join(cache, 'packages', keyOf(missing));
  const what = `the Windows builds of ${missing.length} packages of ${lock.file}`;
  await installTree(tree, missing, { env, what, project: lock.project, onProgress }).catch(
    withWayOut,
  );
  return tree;
}

/** Adds to the hint how to run without these packages: the program may not need them. */
function withWayOut(cause: unknown): never {
  if (!(cause instanceof WinnodeError) || cause.code !== 'ERR_FETCH') throw cause;
  const hint = `${cause.hint}\nTo run without these packages: WINNODE_PACKAGES=${none}`;
  throw new WinnodeError(cause.code, cause.message, hint, { cause });
}

function chosenDirectory(asked: string): string {
  const directory = resolve(asked);
  if (statSync(join(directory, 'node_modules'), { throwIfNoEntry: false })?.isDirectory()) {
    return directory;
  }
  throw new WinnodeError(
    'ERR_USAGE',
    `WINNODE_PACKAGES names "${asked}", which has no node_modules.`,
    `Name a directory that has one, set it to ${none}, or unset it to use the builds of the lock file.`,
  );
}

/**
 * Two projects with the same packages share a directory. Other changes of the lock file create no
 * new one.
 */
function keyOf(packages: readonly WindowsPackage[]): string {
  const words = packages.map(({ name, version, integrity }) => `${name}@${version} ${integrity}`);
  return createHash('sha256').update(words.join('\n')).digest('hex').slice(0, 32);
}

/**
 * Reads the packages of a lock file, and caches the result under the hash of the file. Parsing a
 * large lock file takes as long as a start, and for some lock files npm must query the registry.
 */
async function readThrough(
  cache: string,
  lock: ProjectLock,
  { env, onProgress }: Pick<InstallTreeOptions, 'env' | 'onProgress'>,
): Promise<WindowsPackage[]> {
  const locks = join(cache, 'locks');
  const kept = join(locks, `${lock.hash}-${process.platform}-${process.arch}.json`);
  try {
    return JSON.parse(readFileSync(kept, 'utf8')) as WindowsPackage[];
  } catch {
    // The cache entry does not exist or is incomplete.
  }
  const ask = (packages: readonly NpmPackage[]) => {
    onProgress?.(`Asking the registry which packages of ${lock.file} are for Windows (once)`);
    const what = `The platforms of ${packages.length} packages of ${lock.file}`;
    return askPlatforms(packages, { env, scratch: locks, project: lock.project, what });
  };
  const found = await windowsPackagesOf(lock, ask).catch((cause: unknown) => {
    throw cause instanceof WinnodeError ? cause : unreadable(lock, cause);
  });
  try {
    mkdirSync(locks, { recursive: true });
    writeFileSync(`${kept}.${process.pid}`, JSON.stringify(found));
    renameSync(`${kept}.${process.pid}`, kept);
  } catch {
    // Without a cache entry the next run is slower, but works.
  }
  return found;
}

function unreadable({ file }: ProjectLock, cause: unknown): WinnodeError {
  return new WinnodeError(
    'ERR_USAGE',
    `${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`,
    `Check it with your package manager. To run without Windows packages: WINNODE_PACKAGES=${none}`,
    { cause },
  );
}
