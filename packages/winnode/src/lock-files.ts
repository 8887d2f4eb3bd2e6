import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { NpmPackage } from './npm-tree.js';

/** The platforms of a package, from its package.json; each field is npm's list, or one word. */
export interface Platforms {
  readonly os?: readonly string[] | string | undefined;
  readonly cpu?: readonly string[] | string | undefined;
}

/** A package in a lock file. */
export interface LockedPackage extends NpmPackage {
  /**
   * The directory where the project's package manager would install it, relative to the project.
   */
  readonly place: string;
  /** Undefined if the lock file does not contain them. */
  readonly platforms: Platforms | undefined;
}

/** The fields of a package in npm's and pnpm's lock files. */
interface LockEntry extends Platforms {
  readonly version?: string;
  readonly name?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly resolution?: { readonly integrity?: string; readonly tarball?: string };
}

/** @param manifest the text of the package.json beside the lock file */
export type LockReader = (text: string, manifest: string) => LockedPackage[];

/** The reader of each kind of lock file. If a directory has two lock files, the first name counts. */
export const lockReaders: Readonly<Record<string, LockReader>> = {
  'npm-shrinkwrap.json': readNpmLock,
  'package-lock.json': readNpmLock,
  'pnpm-lock.yaml': readPnpmLock,
  'yarn.lock': (text, manifest) =>
    /^__metadata:/m.test(text) ? readYarnLock(text) : readYarnClassicLock(text, manifest),
  'bun.lock': readBunLock,
};

/**
 * Loaded only when a lock file is read: yaml consists of 70 files, and most starts of winnode read
 * no lock file.
 */
const yaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml');

const inNodeModules = (name: string) => join('node_modules', name);

function readNpmLock(text: string): LockedPackage[] {
  const { packages = {} } = JSON.parse(text) as { packages?: Record<string, LockEntry> };
  return Object.entries(packages).flatMap(([place, entry]) => {
    const { version, integrity, resolved, link, os, cpu } = entry;
    if (version === undefined || link) return [];
    const name = entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 13);
    return [{ name, version, integrity, resolved, place, platforms: { os, cpu } }];
  });
}

function readPnpmLock(text: string): LockedPackage[] {
  // Parsing the whole file as YAML takes a second. Only the entries of the `packages` section that
  // name a platform are parsed.
  const [, section = ''] = /^packages:\n((?:(?: .*)?\n)*)/m.exec(text) ?? [];
  const named = section.split(/\n{2,}/).filter((entry) => /^ {4}(os|cpu):/m.test(entry));
  const packages = (yaml().parse(named.join('\n')) ?? {}) as Record<string, LockEntry>;
  return Object.entries(packages).flatMap(([key, { os, cpu, resolution }]) => {
    const [, name, version] = /^\/?(@?[^@]+)@([^()]+)/.exec(key) ?? [];
    const { integrity, tarball } = resolution ?? {};
    if (name === undefined || version === undefined || integrity === undefined) return [];
    const store = `${name.replace('/', '+')}@${version}`;
    const place = join('node_modules', '.pnpm', store, 'node_modules', name);
    return [{ name, version, integrity, resolved: tarball, place, platforms: { os, cpu } }];
  });
}

/**
 * Reads the lock file of Yarn 2 and later. It contains checksums of Yarn's own archives, not of the
 * tarballs, so npm uses the checksums of the registry.
 */
function readYarnLock(text: string): LockedPackage[] {
  return text.split(/\n{2,}/).flatMap((entry) => {
    const field = (name: string) => new RegExp(`^  ${name}: "?([^"\n]+)`, 'm').exec(entry)?.[1];
    const [conditions, version] = [field('conditions'), field('version')];
    const [, name] = /^(@?[^@]+)@npm:/.exec(field('resolution') ?? '') ?? [];
    if (name === undefined || version === undefined || conditions === undefined) return [];
    const platforms = { os: wordsOf(conditions, 'os'), cpu: wordsOf(conditions, 'cpu') };
    return [{ name, version, place: inNodeModules(name), platforms }];
  });
}

/** Converts conditions such as `(os=win32 | os=linux) & cpu=x64` to npm's lists. */
function wordsOf(conditions: string, kind: 'os' | 'cpu'): string[] {
  const words = conditions.matchAll(new RegExp(`(!?)${kind}=(!?)([\\w-]+)`, 'g'));
  return [...words].map(([, before, after, word]) => `${before || after}${word}`);
}

/**
 * Reads the lock file of Yarn 1, which does not contain platforms. It selects optional
 * dependencies: a package for some platforms only is always one.
 */
function readYarnClassicLock(text: string, manifest: string): LockedPackage[] {
  const entries = text.split(/\n{2,}/).map((entry) => {
    const [, head = '', body = ''] = /^((?![ #]).+):\n([\s\S]*)$/m.exec(entry) ?? [];
    const field = (name: string) => new RegExp(`^  ${name} "?([^"\n]+)`, 'm').exec(body)?.[1];
    const [, optional = ''] = /^ {2}optionalDependencies:\n((?: {4}.*\n?)*)/m.exec(body) ?? [];
    const specs = head.split(', ').map((spec) => spec.replaceAll('"', ''));
    return { specs, field, optional: [...optional.matchAll(/^ +"?([^" ]+)"? "?([^"\n]+)/gm)] };
  });
  const { optionalDependencies: own = {} } = JSON.parse(manifest) as {
    optionalDependencies?: Record<string, string>;
  };
  const optional = new Set([
    ...Object.entries(own).map(([name, range]) => `${name}@${range}`),
    ...entries.flatMap((entry) => entry.optional.map(([, name, range]) => `${name}@${range}`)),
  ]);
  return entries.flatMap(({ specs, field }) => {
    const [version, resolved] = [field('version'), field('resolved')];
    const spec = specs.find((each) => optional.has(each));
    const isTarball = /^https?:.*\.tgz(#|$)/.test(resolved ?? '');
    if (spec === undefined || version === undefined || !isTarball) return [];
    const [, place = '', alias] = /^(@?[^@]+)@(?:npm:(@?[^@]+))?/.exec(spec) ?? [];
    // npm recognises its default registry only by one of the registry's two names.
    const address = resolved?.replace(/^https:\/\/registry\.yarnpkg\.com\//, npmRegistry);
    const name = alias ?? place;
    return [
      {
        name,
        version,
        integrity: field('integrity'),
        resolved: address?.replace(/#.*$/, ''),
        place: inNodeModules(place),
        platforms: undefined,
      },
    ];
  });
}

const npmRegistry = 'https://registry.npmjs.org/';

function readBunLock(text: string): LockedPackage[] {
  // The file is JSON with trailing commas, which JSON.parse rejects.
  const [, section = '{}'] = /^ {2}"packages": (\{\n(?: {4}.*\n|\n)* {2}\})/m.exec(text) ?? [];
  const packages = JSON.parse(section.replace(/,(\s*[}\]])/g, '$1')) as Record<string, unknown[]>;
  return Object.entries(packages).flatMap(([key, [spec, , info, integrity]]) => {
    const [, name, version] = /^(@?[^@]+)@(\d[^:]*)$/.exec(String(spec)) ?? [];
    if (name === undefined || version === undefined || typeof info !== 'object') return [];
    const { os, cpu } = info as Platforms;
    const checksum = typeof integrity === 'string' && integrity !== '' ? { integrity } : {};
    return [{ name, version, ...checksum, place: inNodeModules(key), platforms: { os, cpu } }];
  });
}
