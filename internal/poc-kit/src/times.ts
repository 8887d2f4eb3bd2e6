import { performance } from 'node:perf_hooks';

/** The duration of a rate measurement. */
const rateMs = 5_000;

/**
 * Repeats a function for 5 s. A rate depends on this machine and its load: it is reported, and
 * never decides a check.
 *
 * @param once returns how many operations it did.
 * @returns for example `12,345 in 5.0 s, 2,469 a second`.
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
 * Measures waits of this many milliseconds. A wait that ends early is an error on every host; a
 * wait that ends late depends on the machine.
 *
 * @returns how many ended early, and the largest delay of the others, in milliseconds.
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
