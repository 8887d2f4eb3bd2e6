import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type LockedPackage, lockReaders, type Platforms } from './lock-files.js';
import type { NpmPackage } from './npm-tree.js';

/** A package that a project needs on Windows x64 and not on this host. */
export interface WindowsPackage extends NpmPackage {
  /**
   * The directory where the project's package manager would install it, relative to the project.
   */
  readonly place: string;
}

/** A lock file of a project. */
export interface ProjectLock {
  /** The directory that contains it. */
  readonly project: string;
  readonly file: string;
  /** The hash of its content. */
  readonly hash: string;
  readonly text: string;
  /** The package.json beside it. */
  readonly manifest: string;
}

/** Gets the platforms of packages from another source; returns them in the same order. */
export type AskPlatforms = (
  packages: readonly NpmPackage[],
) => Promise<readonly (Platforms | undefined)[]>;

/** The nearest lock file, from a directory upwards. */
export function findProjectLock(directory: string): ProjectLock | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const name = Object.keys(lockReaders).find((each) => existsSync(join(at, each)));
    if (name !== undefined) {
      const file = join(at, name);
      const text = readFileSync(file, 'utf8');
      const own = join(at, 'package.json');
      // For npm's and pnpm's lock files package.json adds no information.
      const manifest = name === 'yarn.lock' && existsSync(own) ? readFileSync(own, 'utf8') : '{}';
      const words = [name, manifest, text];
      const hash = createHash('sha256').update(words.join('\0')).digest('hex').slice(0, 32);
      return { project: at, file, hash, text, manifest };
    }
    if (dirname(at) === at) return undefined;
  }
}

/**
 * The packages in a project's lock file that are for Windows x64 and not for this host: builds of
 * native packages, such as `@esbuild/win32-x64`. Sorted by name and version. They are selected by
 * the package's own fields `os` and `cpu`, never by name.
 *
 * @param askPlatforms used for packages whose platforms the lock file does not contain
 * @throws if the file does not have the format that its name implies.
 */
export async function windowsPackagesOf(
  { file, text, manifest }: ProjectLock,
  askPlatforms: AskPlatforms,
): Promise<WindowsPackage[]> {
  const locked = lockReaders[basename(file)]?.(text, manifest) ?? [];
  const unspecified = locked.filter(({ platforms }) => platforms === undefined);
  const answers = unspecified.length === 0 ? [] : await askPlatforms(unspecified);
  const asked = new Map(unspecified.map((each, index) => [each, answers[index]]));
  const isWanted = (each: LockedPackage) => isForWindowsAlone(each.platforms ?? asked.get(each));
  const found = locked.filter(isWanted).map(({ platforms: _, ...each }) => each);
  // Each package once, in an order that does not depend on the lock file.
  const byName = new Map(found.map((each) => [`${each.name}@${each.version}`, each]));
  const sorted = [...byName].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([, each]) => each);
}

/**
 * npm's rule: a list of the allowed values, or, with an exclamation mark, of the excluded ones.
 */
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
