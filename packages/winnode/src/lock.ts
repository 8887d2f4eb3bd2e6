import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { lock } from 'proper-lockfile';
import { WinnodeError } from './errors.js';

/** How often somebody who waits for a lock looks again. */
const retryMs = 50;

/**
 * Does some work while no other process does it. The lock is a directory beside `file`; its holder
 * refreshes it every 2 s, and after 10 s of silence counts as dead.
 *
 * @throws {WinnodeError} `ERR_LOCK` when the lock cannot be made, or is held longer than the limit.
 */
export async function exclusively<T>(
  file: string,
  limitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const lockfilePath = `${file}.lock`;
  try {
    // Asked first, for the library tries again for as long as it may, whatever the reason.
    accessSync(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new WinnodeError(
      'ERR_LOCK',
      `${dirname(file)} cannot be written: ${(cause as Error).message}`,
      'Does it belong to another user? Set WINNODE_CACHE to a directory of your own.',
      { cause },
    );
  }
  const release = await lock(file, {
    lockfilePath,
    realpath: false,
    stale: 10_000,
    update: 2_000,
    retries: {
      retries: Math.ceil(limitMs / retryMs),
      factor: 1,
      minTimeout: retryMs,
      maxTimeout: retryMs,
    },
    // Somebody took the lock for dead, say after this machine slept. The work goes on: stopping it
    // half-way would help nobody.
    onCompromised: () => {},
  }).catch((cause: NodeJS.ErrnoException) => {
    const isHeld = cause.code === 'ELOCKED';
    throw new WinnodeError(
      'ERR_LOCK',
      isHeld
        ? `Another winnode has held ${lockfilePath} for ${limitMs / 1_000} s.`
        : `${lockfilePath} cannot be made: ${cause.message}`,
      isHeld ? 'See what it does, or end it.' : 'Is the disk full?',
      { cause },
    );
  });
  try {
    return await work();
  } finally {
    // A lock that was taken for dead is somebody else's now.
    await release().catch(() => {});
  }
}
