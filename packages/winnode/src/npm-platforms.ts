import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explained } from './errors.js';
import type { Platforms } from './lock-files.js';
import { runNpm } from './npm.js';
import { linkSettings, manifestOf, type NpmPackage, placesOf } from './npm-tree.js';
import { holdSignals } from './signals.js';

/** Options of {@link askPlatforms}. */
export interface AskPlatformsOptions {
  readonly env: NodeJS.ProcessEnv;
  /** A directory for temporary files of npm; created if it does not exist. */
  readonly scratch: string;
  /** A directory whose `.npmrc` npm reads as the project's own. */
  readonly project: string;
  /** What npm queries, as text for messages. */
  readonly what: string;
}

/**
 * Gets the platforms of packages from the registry: npm, with its own settings, writes a lock file
 * that contains them. It fetches only the registry's metadata, no tarballs.
 *
 * @throws {WinnodeError} `ERR_FETCH`, `ERR_DISK_FULL`, `ERR_NOT_WRITABLE`, or
 *   {@link InterruptedError} on a signal.
 */
export async function askPlatforms(
  packages: readonly NpmPackage[],
  { env, scratch, project, what }: AskPlatformsOptions,
): Promise<(Platforms | undefined)[]> {
  const held = holdSignals();
  let directory: string | undefined;
  try {
    mkdirSync(scratch, { recursive: true });
    directory = mkdtempSync(join(scratch, 'asking-'));
    linkSettings(directory, project);
    writeFileSync(join(directory, 'package.json'), JSON.stringify(manifestOf(packages)));
    await runNpm(['install', '--package-lock-only'], { directory, env, what, held });
    const written = readFileSync(join(directory, 'package-lock.json'), 'utf8');
    const lock = JSON.parse(written) as { packages?: Record<string, Platforms> };
    return [...placesOf(packages).values()].map(
      (place) => lock.packages?.[`node_modules/${place}`],
    );
  } catch (cause) {
    throw explained(cause, scratch);
  } finally {
    held.release();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}
