import { batchSize, type CompletionPort } from './completion-port.js';
import { keys } from './signals.js';
import type { PollWay } from './way.js';

/**
 * Takes packets until the kernel has nothing of a way, or the time for that is over. Other packets are
 * dropped: the port is about to be closed.
 */
export function drain(
  port: CompletionPort,
  way: PollWay,
  now: () => number,
  limitMs: number,
): void {
  const deadlineMs = now() + limitMs;
  while (way.counts.kernels > 0) {
    const leftMs = Math.max(0, deadlineMs - now());
    const taken = port.remove(Math.min(leftMs, 50), batchSize);
    for (let index = port.next(); index !== -1; index = port.next()) {
      if (port.key(index) === keys.poll) way.take(port.apcContext(index));
    }
    if (!(leftMs > 0) && taken < batchSize) return;
  }
}
