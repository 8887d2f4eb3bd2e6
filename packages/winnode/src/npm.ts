import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { runCommand } from './command.js';
import { WinnodeError } from './errors.js';
import { type HeldSignals, InterruptedError } from './signals.js';

/** A slow connection needs ten minutes for 31 MB. winnode kills npm after three times that. */
export const npmLimitMs = 30 * 60_000;

/**
 * npm settings that determine the layout of a tree; command line options override `.npmrc`. With
 * `--force` npm installs packages for other platforms.
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
  // npm retries after 1 s and 10 s: with its defaults it would report a missing network only after
  // more than a minute.
  '--fetch-retry-mintimeout=1000',
  '--fetch-retry-maxtimeout=10000',
  '--loglevel=error',
];

/**
 * Variables that npm sets for the scripts that it runs. If npm runs winnode, the npm that winnode
 * starts must not get them.
 */
const notForUs =
  /^npm_config_(workspaces?|include_workspace_root|global|location|local_prefix|prefix|omit|include|only|production|dev|optional|before|min_release_age|package_lock_only|loglevel|json|long|parseable)$/i;

/** The npm that runs this process; without one, the npm on `PATH`. */
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
  /** What npm fetches, as text for messages. */
  readonly what: string;
  /** A signal ends npm. */
  readonly held: HeldSignals;
}

/**
 * Runs an npm command that fetches something, with npm's own settings of registry, proxy and
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
    const hint = 'npm comes with Node. Check that it is on PATH.';
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
  throw fetchFailed(what, why || `npm ended with exit code ${end.code}`, said);
}

/** The first line of npm's error report that helps the user. */
function firstError(said: string): string {
  // Newer versions of npm prefix the line with the kind of error.
  const line = /^npm error (?!code |syscall |errno |A complete log)(?:notarget |network )?(.+)$/m;
  return line.exec(said)?.[1]?.trim() ?? '';
}

/** The hint for an error message of npm. */
function hintFor(said: string): string {
  if (/EINTEGRITY/.test(said)) {
    return 'The checksum of the tarball is wrong. Probably a mirror or a proxy has changed it.';
  }
  if (/ETARGET/.test(said)) {
    return 'The registry has no such version. npm config get registry prints the registry.';
  }
  return (
    'Probably npm cannot reach its registry: npm config get registry prints it. npm also uses its ' +
    'own settings of proxy and certificates.'
  );
}

/**
 * The error for something that npm could not fetch.
 *
 * @param said npm's own output, if there is any
 */
export function fetchFailed(what: string, why: string, said = ''): WinnodeError {
  return new WinnodeError('ERR_FETCH', `${what} could not be fetched: ${why}`, hintFor(said));
}
