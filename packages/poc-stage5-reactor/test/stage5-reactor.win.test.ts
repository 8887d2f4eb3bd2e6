import { nativeMemory } from 'ntdllx';
import { runTest, Stage5Reactor } from 'poc-stage5-reactor';
import { inRelease } from 'test-kit';
import { afterEach, describe, expect, test } from 'vitest';

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('100 clients, 1,000 heartbeats and the commands are all counted', async () => {
  const lines: string[] = [];
  const verdict = await runTest({ print: (line) => lines.push(line) });
  expect(verdict, lines.join('\n')).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(17);
});

test('a stage can be closed before it runs, and twice', async () => {
  const stage = new Stage5Reactor({ print: () => {} });
  await stage.close();
  await stage.close();
  await expect(stage.run()).rejects.toThrow('This stage is closed');
});

inRelease(() => {
  describe('broken', async () => void (await import('./broken.js')));
});
