import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
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
}

/** What the lock files say of a package. */
interface LockEntry {
  readonly version?: string;
  readonly name?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly resolution?: { readonly integrity?: string; readonly tarball?: string };
  readonly os?: readonly string[] | string;
  readonly cpu?: readonly string[] | string;
}

type Reader = (text: string) => WindowsPackage[];

/** The lock files that say for which platform a package is; of two in a directory the first counts. */
const readers: Readonly<Record<string, Reader>> = {
  'npm-shrinkwrap.json': readNpmLock,
  'package-lock.json': readNpmLock,
  'pnpm-lock.yaml': readPnpmLock,
};

/** The lock file of the project that a directory is in: the nearest one, going up. */
export function findProjectLock(directory: string): ProjectLock | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const name = Object.keys(readers).find((each) => existsSync(join(at, each)));
    if (name !== undefined) {
      const file = join(at, name);
      const text = readFileSync(file, 'utf8');
      const hash = createHash('sha256').update(name).update(text).digest('hex').slice(0, 32);
      return { project: at, file, hash, text };
    }
    if (dirname(at) === at) return undefined;
  }
}

/**
 * The packages that a project has for Windows on x64 and not for this host, by its lock file: builds of
 * native packages, as `@esbuild/win32-x64`. Sorted by name and version. By what a package says itself (`os`, `cpu`), never by its name.
 *
 * @throws when the file is not what its name says.
 */
export function windowsPackagesOf({ file, text }: ProjectLock): WindowsPackage[] {
  const [, read] = Object.entries(readers).find(([name]) => file.endsWith(name)) ?? [];
  const found = (read?.(text) ?? []).map((each) => [`${each.name}@${each.version}`, each] as const);
  // Each once, in an order that is that of no file.
  const sorted = [...new Map(found)].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([, each]) => each);
}

/** npm's rule: a list of what is allowed, or, with an exclamation mark, of what is not. */
function allows(list: readonly string[] | string | undefined, value: string): boolean {
  const words = [list ?? []].flat();
  if (words.includes(`!${value}`)) return false;
  const allowed = words.filter((word) => !word.startsWith('!'));
  return allowed.length === 0 || allowed.includes(value) || allowed.includes('any');
}

const isFor = ({ os, cpu }: LockEntry, platform: string, processor: string) =>
  allows(os, platform) && allows(cpu, processor);

const isForWindowsAlone = (entry: LockEntry) =>
  isFor(entry, 'win32', 'x64') && !isFor(entry, process.platform, process.arch);

function readNpmLock(text: string): WindowsPackage[] {
  const { packages = {} } = JSON.parse(text) as { packages?: Record<string, LockEntry> };
  return Object.entries(packages).flatMap(([place, entry]) => {
    const { version, integrity, resolved, link } = entry;
    if (version === undefined || link || !isForWindowsAlone(entry)) return [];
    const name = entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 13);
    return [{ name, version, integrity, resolved, place }];
  });
}

function readPnpmLock(text: string): WindowsPackage[] {
  // Of the file's sections one, which is as much as half of it.
  const [section = ''] = /^packages:\n(?:(?: .*)?\n)*/m.exec(text) ?? [];
  const { packages } = (parse(section) ?? {}) as { packages?: Record<string, LockEntry> };
  return Object.entries(packages ?? {}).flatMap(([key, entry]) => {
    const [, name, version] = /^\/?(@?[^@]+)@([^()]+)/.exec(key) ?? [];
    if (name === undefined || version === undefined || !isForWindowsAlone(entry)) return [];
    const { integrity, tarball } = entry.resolution ?? {};
    if (integrity === undefined) return [];
    const store = `${name.replace('/', '+')}@${version}`;
    const place = join('node_modules', '.pnpm', store, 'node_modules', name);
    return [{ name, version, integrity, resolved: tarball, place }];
  });
}
