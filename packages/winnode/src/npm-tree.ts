import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { explained } from './errors.js';
import { exclusively } from './lock.js';
import { makeDirectory } from './make-directory.js';
import { fetchFailed, npmLimitMs, runNpm } from './npm.js';
import { type HeldSignals, holdSignals, InterruptedError } from './signals.js';

/** A package of the npm registry, exactly one version of it. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Its tarball's checksum in npm's form; undefined: what the registry says of it is believed. */
  readonly integrity?: string | undefined;
  /** The address of its tarball; npm puts its own registry in place of registry.npmjs.org. */
  readonly resolved?: string | undefined;
  /** A file of it that its user needs: without it the package is not there. */
  readonly file?: string;
}

/** Options of {@link installTree}. */
export interface InstallTreeOptions {
  readonly env: NodeJS.ProcessEnv;
  /** For people: what is installed. */
  readonly what: string;
  /** A directory whose `.npmrc` npm reads as the project's own. */
  readonly project?: string | undefined;
  /** Called with one line before npm starts, and when another winnode is waited for. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * A package's directory in the `node_modules` of a tree. The first version of a name has the name's own;
 * each other one has `NAME--VERSION`, as preload-packages.cts looks for it.
 */
export function placesOf(packages: readonly NpmPackage[]): Map<NpmPackage, string> {
  const taken = new Set<string>();
  return new Map(
    packages.map((each) => {
      const place = taken.has(each.name) ? `${each.name}--${each.version}` : each.name;
      taken.add(each.name);
      return [each, place];
    }),
  );
}

/** Whether a tree is there with all of these packages. */
export function isInstalled(tree: string, packages: readonly NpmPackage[]): boolean {
  return [...placesOf(packages)].every(([{ name, version, file }, place]) => {
    const directory = join(tree, 'node_modules', place);
    try {
      const manifest = readFileSync(join(directory, 'package.json'), 'utf8');
      const found = JSON.parse(manifest) as { name?: unknown; version?: unknown };
      if (found.name !== name || found.version !== version) return false;
      return file === undefined || existsSync(join(directory, file));
    } catch {
      return false;
    }
  });
}

/**
 * Makes the directory `tree` with these packages in its `node_modules`, for whatever platform they are,
 * unless it is there. npm does it, from a lock file made here: with npm's own settings of registry,
 * proxy and certificates, and against the checksums.
 *
 * Two processes may ask at once: one works under a lock, the other waits. It is made in a directory of
 * its own that is renamed at the end, so one that failed or was killed leaves nothing that counts.
 *
 * @throws {WinnodeError} `ERR_FETCH`, `ERR_DISK_FULL`, `ERR_NOT_WRITABLE`, `ERR_LOCK`, or
 *   {@link InterruptedError} on a signal.
 */
export async function installTree(
  tree: string,
  packages: readonly NpmPackage[],
  options: InstallTreeOptions,
): Promise<void> {
  if (isInstalled(tree, packages)) return;
  const parent = dirname(tree);
  try {
    makeDirectory(parent);
  } catch (cause) {
    throw explained(cause, parent);
  }
  const held = holdSignals();
  const { onProgress } = options;
  try {
    await exclusively(tree, { limitMs: npmLimitMs, held, onProgress }, async () => {
      if (isInstalled(tree, packages)) return;
      try {
        // Under the lock no other process works on them.
        removeLeftovers(tree);
        onProgress?.(`Fetching ${options.what} with npm (once)`);
        await make(tree, packages, options, held);
      } catch (cause) {
        throw explained(cause, parent);
      }
    });
  } finally {
    held.release();
  }
  if (held.first !== undefined) throw new InterruptedError(held.first);
}

/** Removes what installations that died left beside a tree; the npm of one may be at work still. */
export function removeLeftovers(tree: string): void {
  const parent = dirname(tree);
  const own = `${basename(tree)}.`;
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(own) || !/^(making|old)-\d+$/.test(name.slice(own.length))) continue;
    rmSync(join(parent, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

async function make(
  tree: string,
  packages: readonly NpmPackage[],
  options: InstallTreeOptions,
  held: HeldSignals,
): Promise<void> {
  const making = `${tree}.making-${process.pid}`;
  try {
    mkdirSync(making);
    const { manifest, lock } = lockFileOf(packages);
    writeFileSync(join(making, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    writeFileSync(join(making, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
    const npmrc = linkSettings(making, options.project);
    await runNpm(['ci', '--install-strategy=hoisted'], { ...options, directory: making, held });
    rmSync(npmrc, { force: true });
    if (!isInstalled(making, packages)) {
      throw fetchFailed(options.what, 'npm ended with 0, and installed something else');
    }
    if (lstatSync(tree, { throwIfNoEntry: false })) renameSync(tree, `${tree}.old-${process.pid}`);
    renameSync(making, tree);
    rmSync(`${tree}.old-${process.pid}`, { recursive: true, force: true });
  } catch (cause) {
    rmSync(making, { recursive: true, force: true, maxRetries: 3 });
    throw cause;
  }
}

/**
 * Has npm read a project's `.npmrc` in another directory. A link: what it says in confidence is not copied.
 *
 * @returns the path of the link, which is there only where the project has one
 */
export function linkSettings(directory: string, project: string | undefined): string {
  const npmrc = join(directory, '.npmrc');
  const theirs = project && join(project, '.npmrc');
  if (theirs && existsSync(theirs)) symlinkSync(theirs, npmrc);
  return npmrc;
}

/** The package.json of a project that consists of these packages. */
export function manifestOf(packages: readonly NpmPackage[]) {
  const wanted = ({ name, version }: NpmPackage, place: string) =>
    place === name ? version : `npm:${name}@${version}`;
  const dependencies = Object.fromEntries(
    [...placesOf(packages)].map(([each, place]) => [place, wanted(each, place)]),
  );
  return { name: 'winnode-tree', version: '1.0.0', private: true, dependencies };
}

/** The same, and npm's lock file of it. */
function lockFileOf(packages: readonly NpmPackage[]) {
  const manifest = manifestOf(packages);
  const entries = [...placesOf(packages)].map(([{ name, version, integrity, resolved }, place]) => [
    `node_modules/${place}`,
    { ...(place === name ? {} : { name }), version, resolved, integrity },
  ]);
  const { name, version } = manifest;
  const lock = {
    name,
    version,
    lockfileVersion: 3,
    requires: true,
    packages: { '': manifest, ...Object.fromEntries(entries) },
  };
  return { manifest, lock };
}
