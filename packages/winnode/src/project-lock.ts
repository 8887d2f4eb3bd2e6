import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type LockedPackage, lockReaders, type Platforms } from './lock-files.js';
import type { NpmPackage } from './npm-tree.js';

/** A package that a project has for Windows on x64 and not for this host. */
export interface WindowsPackage extends NpmPackage {
  /** Where the project's package manager would put it, relative to the project. */
  readonly place: string;
}

/** A lock file of a project. */
export interface ProjectLock {
  /** The directory that it is in. */
  readonly project: string;
  readonly file: string;
  /** The hash of what it says. */
  readonly hash: string;
  readonly text: string;
  /** The package.json beside it. */
  readonly manifest: string;
}

/** Asks elsewhere which platforms packages are for; the answers in the same order. */
export type AskPlatforms = (
  packages: readonly NpmPackage[],
) => Promise<readonly (Platforms | undefined)[]>;

/** The lock file of the project that a directory is in: the nearest one, going up. */
export function findProjectLock(directory: string): ProjectLock | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const name = Object.keys(lockReaders).find((each) => existsSync(join(at, each)));
    if (name !== undefined) {
      const file = join(at, name);
      const text = readFileSync(file, 'utf8');
      const own = join(at, 'package.json');
      // Of npm's and pnpm's lock files the package.json says nothing new.
      const manifest = name === 'yarn.lock' && existsSync(own) ? readFileSync(own, 'utf8') : '{}';
      const words = [name, manifest, text];
      const hash = createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 32);
      return { project: at, file, hash, text, manifest };
    }
    if (dirname(at) === at) return undefined;
  }
}

/**
 * The packages that a project has for Windows on x64 and not for this host, by its lock file: builds of
 * native packages, as `@esbuild/win32-x64`. Sorted by name and version. By what a package says itself
 * (`os`, `cpu`), never by its name.
 *
 * @param askPlatforms for what the lock file does not say
 * @throws when the file is not what its name says.
 */
export async function windowsPackagesOf(
  { file, text, manifest }: ProjectLock,
  askPlatforms: AskPlatforms,
): Promise<WindowsPackage[]> {
  const locked = lockReaders[basename(file)]?.(text, manifest) ?? [];
  const silent = locked.filter(({ platforms }) => platforms === undefined);
  const answers = silent.length === 0 ? [] : await askPlatforms(silent);
  const asked = new Map(silent.map((each, index) => [each, answers[index]]));
  const isWanted = (each: LockedPackage) => isForWindowsAlone(each.platforms ?? asked.get(each));
  const found = locked.filter(isWanted).map(({ platforms: _, ...each }) => each);
  // Each once, in an order that is that of no file.
  const byName = new Map(found.map((each) => [`${each.name}@${each.version}`, each]));
  const sorted = [...byName].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([, each]) => each);
}

/** npm's rule: a list of what is allowed, or, with an exclamation mark, of what is not. */
function allows(list: readonly string[] | string | undefined, value: string): boolean {
  const words = [list ?? []].flat();
  if (words.includes(`!${value}`)) return false;
  const allowed = words.filter((word) => !word.startsWith('!'));
  return allowed.length === 0 || allowed.includes(value) || allowed.includes('any');
}

const isFor = ({ os, cpu }: Platforms, platform: string, processor: string) =>
  allows(os, platform) && allows(cpu, processor);

const isForWindowsAlone = (platforms: Platforms = {}) =>
  isFor(platforms, 'win32', 'x64') && !isFor(platforms, process.platform, process.arch);
