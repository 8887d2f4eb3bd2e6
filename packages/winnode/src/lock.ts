import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { explained, WinnodeError } from './errors.js';
import { type HeldSignals, InterruptedError } from './signals.js';

/** Interval at which a waiting process tries to take the lock. */
const retryMs = 50;
/** If the holder has not refreshed the lock for this long, another process may take it. */
const staleMs = 10_000;
/** After this long a waiting process prints that it waits. */
const patienceMs = 2_000;

/** Options of {@link exclusively}. */
export interface LockOptions {
  /** How long to wait for another holder. */
  readonly limitMs: number;
  /** Once one of these signals has arrived, the waiting ends. */
  readonly held?: HeldSignals | undefined;
  /** Called with one line of text when the waiting takes long. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * Runs a function while this process holds the lock `FILE.lock`, a directory. The holder refreshes
 * it every 2 s. If it has not done so for 10 s, another process may take the lock.
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
    // The release fails if another process has taken the lock meanwhile.
    await release().catch(() => {});
  }
}

async function take(file: string, { limitMs, held, onProgress }: LockOptions) {
  const lockfilePath = `${file}.lock`;
  for (let waitedMs = 0; ; waitedMs += retryMs) {
    try {
      // Checked here, because the library reports a missing permission with an error of its own.
      accessSync(dirname(file), constants.W_OK);
      return await lock(file, {
        lockfilePath,
        realpath: false,
        stale: staleMs,
        update: 2_000,
        // Another process has taken the lock, for example after this machine slept. The work
        // continues: stopping it half-way has no advantage.
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
        `Another winnode process has held the lock ${lockfilePath} for ${limitMs / 1_000} s.`,
        'Probably it is slow. Wait until it has ended, or end it, then run winnode again.',
      );
    }
    await sleep(retryMs);
  }
}
