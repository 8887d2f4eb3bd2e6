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
import { runCommand } from './command.js';
import { explained, WinnodeError } from './errors.js';
import { exclusively } from './lock.js';
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
  /** Told one line before npm starts, and when another winnode is waited for. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** A slow line takes ten minutes for 31 MB; after three times that npm is killed. */
const npmLimitMs = 30 * 60_000;

/**
 * Settings of npm that decide what a tree looks like; on the command line they win over `.npmrc`.
 * `--force` makes npm install what is for another platform than this.
 */
const settings = [
  '--force',
  '--ignore-scripts',
  '--no-bin-links',
  '--package-lock',
  '--install-strategy=hoisted',
  '--no-dry-run',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  '--loglevel=error',
];

/** Set by an npm that runs us, about what *it* does: none of it is meant for ours. */
const notForUs =
  /^npm_config_(workspaces?|include_workspace_root|global|location|local_prefix|prefix|omit|include|only|production|dev|optional|before|min_release_age|package_lock_only|loglevel|json|long|parseable)$/i;

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
    mkdirSync(parent, { recursive: true });
  } catch (cause) {
    throw explained(cause, parent);
  }
  const held = holdSignals();
  const { onProgress } = options;
  try {
    await exclusively(tree, { limitMs: npmLimitMs, held, onProgress }, async () => {
      if (isInstalled(tree, packages)) return;
      try {
        // Under the lock nobody else is at work on them.
        for (const left of leftoversOf(tree)) rmSync(left, { recursive: true, force: true });
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

/** What installations that died left beside a tree. */
export function leftoversOf(tree: string): string[] {
  const parent = dirname(tree);
  const own = `${basename(tree)}.`;
  return readdirSync(parent)
    .filter((name) => name.startsWith(own) && /^(making|old)-\d+$/.test(name.slice(own.length)))
    .map((name) => join(parent, name));
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
    const npmrc = join(making, '.npmrc');
    // A link: what a project's .npmrc says in confidence is not copied.
    const theirs = options.project && join(options.project, '.npmrc');
    if (theirs && existsSync(theirs)) symlinkSync(theirs, npmrc);
    await runNpm(making, options, held);
    rmSync(npmrc, { force: true });
    if (!isInstalled(making, packages)) {
      throw fetchFailed(options.what, 'npm ended with 0, and installed something else', '');
    }
    if (lstatSync(tree, { throwIfNoEntry: false })) renameSync(tree, `${tree}.old-${process.pid}`);
    renameSync(making, tree);
    rmSync(`${tree}.old-${process.pid}`, { recursive: true, force: true });
  } catch (cause) {
    rmSync(making, { recursive: true, force: true, maxRetries: 3 });
    throw cause;
  }
}

/** A project of npm's that consists of these packages. */
function lockFileOf(packages: readonly NpmPackage[]) {
  const places = [...placesOf(packages)];
  const wanted = ({ name, version }: NpmPackage, place: string) =>
    place === name ? version : `npm:${name}@${version}`;
  const manifest = {
    name: 'winnode-tree',
    version: '1.0.0',
    private: true,
    dependencies: Object.fromEntries(places.map(([each, place]) => [place, wanted(each, place)])),
  };
  const entries = places.map(([{ name, version, integrity, resolved }, place]) => [
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

/** npm, as the one that runs this if it does, else the one on `PATH`. */
function npmCommand(env: NodeJS.ProcessEnv): [command: string, ...args: string[]] {
  const running = env['npm_execpath'];
  if (running && basename(running) === 'npm-cli.js' && existsSync(running)) {
    return [process.execPath, running];
  }
  return ['npm'];
}

async function runNpm(
  directory: string,
  { env: given, what }: InstallTreeOptions,
  held: HeldSignals,
): Promise<void> {
  const env = Object.fromEntries(Object.entries(given).filter(([name]) => !notForUs.test(name)));
  const [command, ...first] = npmCommand(env);
  const log = join(directory, 'npm.log');
  const args = [...first, 'ci', '--prefix', directory, ...settings];
  const isUnwanted = () => held.first !== undefined;
  const how = { env, limitMs: npmLimitMs, log, isUnwanted };
  const end = await runCommand(command, args, how).catch((cause: NodeJS.ErrnoException) => {
    const hint = 'Node comes with it. Is it on PATH?';
    throw new WinnodeError('ERR_FETCH', `npm does not start: ${cause.message}`, hint, { cause });
  });
  const said = existsSync(log) ? readFileSync(log, 'utf8') : '';
  rmSync(log, { force: true });
  if (held.first !== undefined) throw new InterruptedError(held.first);
  if (end.code === 0) return;
  if (/ENOSPC|EDQUOT/.test(said)) {
    throw new WinnodeError(
      'ERR_DISK_FULL',
      `${dirname(directory)} or npm's own cache cannot be written: the disk is full.`,
      'Free some space there, or set WINNODE_CACHE to a directory on another disk.',
    );
  }
  const why = end.isLate ? `npm did not end within ${npmLimitMs / 60_000} min` : firstError(said);
  throw fetchFailed(what, why || `npm ended with ${end.code}`, said);
}

/** What npm's own report says first that a reader can use. */
function firstError(said: string): string {
  const lines = [...said.matchAll(/^npm error (?!code |syscall |errno |A complete log)(.+)$/gm)];
  return lines[0]?.[1]?.trim() ?? '';
}

function fetchFailed(what: string, why: string, said: string): WinnodeError {
  const hint = /EINTEGRITY/.test(said)
    ? 'The tarball is not the one that was published. Does a mirror or a proxy change it?'
    : 'Nothing is left of it. npm asks the registry of its own settings: npm config get registry. ' +
      'Is it reachable? Proxies and certificates are those of npm as well.';
  return new WinnodeError('ERR_FETCH', `${what} could not be fetched: ${why}`, hint);
}
