import { nativeMemory } from 'ntdllx';
import { churn } from 'poc-stage3-stress';
import { expect, test } from 'vitest';

test('a thousand rounds of cancel and churn leave no handle, block or poll', () => {
  const { firstHandle, lastHandle, pendingAtRestart, ...counts } = churn(1_000);
  expect(counts).toEqual({
    rounds: 1_000,
    vanished: 1_000,
    served: 1_000,
    removed: 1_000,
    restarts: 100,
    blocksLeft: 0,
    pendingLeft: 0,
  });
  expect(pendingAtRestart).toBeGreaterThanOrEqual(300);
  expect(lastHandle).toBe(firstHandle);
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});
