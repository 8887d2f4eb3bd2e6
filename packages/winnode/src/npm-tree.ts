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
  /**
   * The checksum of its tarball in npm's form; undefined: npm uses the checksum of the registry.
   */
  readonly integrity?: string | undefined;
  /** The URL of its tarball; npm replaces registry.npmjs.org with its configured registry. */
  readonly resolved?: string | undefined;
  /** A file that the package must contain. If it does not exist, the package counts as missing. */
  readonly file?: string;
}

/** Options of {@link installTree}. */
export interface InstallTreeOptions {
  readonly env: NodeJS.ProcessEnv;
  /** What npm installs, as text for messages. */
  readonly what: string;
  /** A directory whose `.npmrc` npm reads as the project's own. */
  readonly project?: string | undefined;
  /** Called with one line of text before npm starts, and while waiting for another winnode. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * A package's directory in the `node_modules` of a tree. The first version of a package has the
 * package's name; any other version has `NAME--VERSION`, which preload-packages.cts looks up.
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

/** True if a tree exists and has all of these packages. */
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
 * Creates the directory `tree` with these packages in its `node_modules`, whatever their platform,
 * unless it exists. npm installs them from a lock file that winnode writes. npm uses its own
 * settings of registry, proxy and certificates, and verifies the checksums.
 *
 * If two processes call this at once, one works under a lock and the other waits. The tree is
 * built in a temporary directory that is renamed at the end. A failed or killed installation
 * therefore leaves nothing that counts as installed.
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
        // This process holds the lock, so no other process works on them.
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

/**
 * Removes the leftovers of killed installations beside a tree. The npm of such an installation may
 * still be running.
 */
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
      throw fetchFailed(options.what, 'npm succeeded, but did not install these packages');
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
 * Makes npm read a project's `.npmrc` in another directory. It creates a link, so that secrets in
 * the file are not copied.
 *
 * @returns the path of the link, which exists only if the project has an `.npmrc`
 */
export function linkSettings(directory: string, project: string | undefined): string {
  const npmrc = join(directory, '.npmrc');
  const theirs = project && join(project, '.npmrc');
  if (theirs && existsSync(theirs)) symlinkSync(theirs, npmrc);
  return npmrc;
}

/** The package.json of a project that depends on exactly these packages. */
export function manifestOf(packages: readonly NpmPackage[]) {
  const wanted = ({ name, version }: NpmPackage, place: string) =>
    place === name ? version : `npm:${name}@${version}`;
  const dependencies = Object.fromEntries(
    [...placesOf(packages)].map(([each, place]) => [place, wanted(each, place)]),
  );
  return { name: 'winnode-tree', version: '1.0.0', private: true, dependencies };
}

/** npm's lock file for the same project. */
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
