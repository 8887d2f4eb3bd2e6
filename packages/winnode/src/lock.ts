import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { explained, WinnodeError } from './errors.js';
import { type HeldSignals, InterruptedError } from './signals.js';

/** Interval at which a waiting process tries to take the lock. */
const retryMs = 50;
/** A holder that has not refreshed the lock for this long counts as dead. */
const staleMs = 10_000;
/** A process that waits longer than this reports it. */
const patienceMs = 2_000;

/** Options of {@link exclusively}. */
export interface LockOptions {
  /** How long to wait for another holder. */
  readonly limitMs: number;
  /** A pending signal ends the waiting. */
  readonly held?: HeldSignals | undefined;
  /** Called with one line of text when the waiting takes long. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * Runs a function while no other process holds the lock. The lock is a directory beside `file`.
 * The holder refreshes it every 2 s, and counts as dead if it has not done so for 10 s.
 *
 * @throws {WinnodeError} `ERR_LOCK` if another process holds it for longer than the limit;
 *   `ERR_DISK_FULL` or `ERR_NOT_WRITABLE` if it cannot be created; {@link InterruptedError} on a
 *   signal.
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
    // If this process was taken for dead, another process holds the lock now.
    await release().catch(() => {});
  }
}

async function take(file: string, { limitMs, held, onProgress }: LockOptions) {
  const lockfilePath = `${file}.lock`;
  for (let waitedMs = 0; ; waitedMs += retryMs) {
    try {
      // Checked first, because the library reports this with an error of its own.
      accessSync(dirname(file), constants.W_OK);
      return await lock(file, {
        lockfilePath,
        realpath: false,
        stale: staleMs,
        update: 2_000,
        // Another process took this holder for dead, for example after this machine slept. The
        // work continues: stopping it half-way has no advantage.
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
