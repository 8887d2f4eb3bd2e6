import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { runCommand } from './command.js';
import { WinnodeError } from './errors.js';
import { type HeldSignals, InterruptedError } from './signals.js';

/** A slow line takes ten minutes for 31 MB; after three times that npm is killed. */
export const npmLimitMs = 30 * 60_000;

/**
 * Settings of npm that decide what a tree looks like; on the command line they win over `.npmrc`.
 * `--force` makes npm install what is for another platform than this.
 */
const settings = [
  '--force',
  '--ignore-scripts',
  '--no-bin-links',
  '--package-lock',
  '--no-dry-run',
  '--no-audit',
  '--no-fund',
  '--no-update-notifier',
  // Tried again after 1 s and 10 s: without a network npm would take more than a minute to say so.
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=10000',
  '--loglevel=error',
];

/** Set by an npm that runs us, about what *it* does: none of it is meant for ours. */
const notForUs =
  /^npm_config_(workspaces?|include_workspace_root|global|location|local_prefix|prefix|omit|include|only|production|dev|optional|before|min_release_age|package_lock_only|loglevel|json|long|parseable)$/i;

/** npm, as the one that runs this if it does, else the one on `PATH`. */
function npmCommand(env: NodeJS.ProcessEnv): [command: string, ...args: string[]] {
  const running = env['npm_execpath'];
  if (running && basename(running) === 'npm-cli.js' && existsSync(running)) {
    return [process.execPath, running];
  }
  return ['npm'];
}

/** Options of {@link runNpm}. */
export interface RunNpmOptions {
  /** The project that npm works on. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** For people: what is fetched. */
  readonly what: string;
  /** A signal ends npm. */
  readonly held: HeldSignals;
}

/**
 * Runs a command of npm's that fetches something, with npm's own settings of registry, proxy and
 * certificates.
 *
 * @throws {WinnodeError} `ERR_FETCH`, `ERR_DISK_FULL`, or {@link InterruptedError} on a signal.
 */
export async function runNpm(
  words: readonly string[],
  { directory, env: given, what, held }: RunNpmOptions,
): Promise<void> {
  const env = Object.fromEntries(Object.entries(given).filter(([name]) => !notForUs.test(name)));
  const [command, ...first] = npmCommand(env);
  const log = join(directory, 'npm.log');
  const args = [...first, ...words, '--prefix', directory, ...settings];
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
  // Newer ones put a word for the kind of error in front of it.
  const line = /^npm error (?!code |syscall |errno |A complete log)(?:notarget |network )?(.+)$/m;
  return line.exec(said)?.[1]?.trim() ?? '';
}

/** What to do, by what npm says. */
function hintFor(said: string): string {
  if (/EINTEGRITY/.test(said)) {
    return 'The tarball is not the one that was published. Does a mirror or a proxy change it?';
  }
  if (/ETARGET/.test(said)) {
    return 'Nothing is left of it. The registry that npm asks has no such version: npm config get registry.';
  }
  return (
    'Nothing is left of it. npm asks the registry of its own settings: npm config get registry. ' +
    'Is it reachable? Proxies and certificates are those of npm as well.'
  );
}

/** The error of what npm could not fetch. @param said npm's own words, where it has any */
export function fetchFailed(what: string, why: string, said = ''): WinnodeError {
  return new WinnodeError('ERR_FETCH', `${what} could not be fetched: ${why}`, hintFor(said));
}
