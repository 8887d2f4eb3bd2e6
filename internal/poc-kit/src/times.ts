import { performance } from 'node:perf_hooks';

/** Rates are taken over this time. */
const rateMs = 5_000;

/**
 * Does something over and over for 5 s. A rate is of this machine and of what else runs on it: it is
 * reported, and nothing is judged by it.
 *
 * @param once returns how often it did it.
 * @returns such as `12,345 in 5.0 s, 2,469 a second`.
 */
export function perSecond(once: () => number): string {
  const startMs = performance.now();
  let count = 0;
  let elapsedMs = 0;
  while (elapsedMs < rateMs) {
    count += once();
    elapsedMs = performance.now() - startMs;
  }
  const rate = Math.round((count * 1_000) / elapsedMs).toLocaleString('en');
  return `${count.toLocaleString('en')} in ${(elapsedMs / 1_000).toFixed(1)} s, ${rate} a second`;
}

/**
 * Waits of so many milliseconds, timed. A wait that ends early is wrong everywhere, one that ends late
 * is the machine's.
 *
 * @returns how many ended early, and by how much the latest was late, in milliseconds.
 */
export function lateness(
  count: number,
  waitMs: number,
  wait: (timeoutMs: number) => void,
): { readonly early: number; readonly latestMs: number } {
  let [early, latestMs] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    wait(waitMs);
    const lateMs = performance.now() - startMs - waitMs;
    if (lateMs < 0) early += 1;
    latestMs = Math.max(latestMs, lateMs);
  }
  return { early, latestMs };
}
