import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { explained, WinnodeError } from './errors.js';
import { type HeldSignals, InterruptedError } from './signals.js';

/** How often a waiting process looks at the lock again. */
const retryMs = 50;
/** The silence after which a holder counts as dead. */
const staleMs = 10_000;
/** Who waits for longer than this says so. */
const patienceMs = 2_000;

/** Options of {@link exclusively}. */
export interface LockOptions {
  /** How long to wait for another holder. */
  readonly limitMs: number;
  /** A signal that was held back ends the waiting. */
  readonly held?: HeldSignals | undefined;
  /** Called with one line when the waiting gets long. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * Does some work while no other process does it. The lock is a directory beside `file`; its holder
 * refreshes it every 2 s, and after 10 s of silence counts as dead.
 *
 * @throws {WinnodeError} `ERR_LOCK` when it is held for longer than the limit; `ERR_DISK_FULL` or
 *   `ERR_NOT_WRITABLE` when it cannot be made; {@link InterruptedError} on a signal.
 */
export async function exclusively<T>(
  file: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const release = await take(file, options);
  try {
    return await work();
  } finally {
    // A lock that was taken for dead belongs to another process now.
    await release().catch(() => {});
  }
}

async function take(file: string, { limitMs, held, onProgress }: LockOptions) {
  const lockfilePath = `${file}.lock`;
  for (let waitedMs = 0; ; waitedMs += retryMs) {
    try {
      // Asked first, for the library has its own words for it.
      accessSync(dirname(file), constants.W_OK);
      return await lock(file, {
        lockfilePath,
        realpath: false,
        stale: staleMs,
        update: 2_000,
        // Another process took the lock for dead, say after this machine slept. The work goes on:
        // stopping it half-way would not help.
        onCompromised: () => {},
      });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ELOCKED')
        throw explained(cause, dirname(file));
    }
    if (held?.first !== undefined) throw new InterruptedError(held.first);
    if (waitedMs === patienceMs) onProgress?.(`Waiting for another winnode (${lockfilePath})`);
    if (waitedMs >= limitMs) {
      throw new WinnodeError(
        'ERR_LOCK',
        `Another winnode has held ${lockfilePath} for ${limitMs / 1_000} s.`,
        'See what it does, or end it.',
      );
    }
    await sleep(retryMs);
  }
}
