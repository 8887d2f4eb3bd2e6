import { join } from 'node:path';
import { runMisuses } from 'test-kit';
import { expect, test } from 'vitest';
import { testTheRunner } from './misuse.js';

testTheRunner();

test('a process that the system cannot start is an error of the run', async () => {
  // Longer than Linux permits for an environment variable: spawn throws synchronously.
  const indexes = Array.from({ length: 60_000 }, (_, index) => index);
  const run = runMisuses({ script: join(import.meta.dirname, 'misuse-cases.mjs'), indexes });
  await expect(run).rejects.toThrowError(/misuse-cases.mjs: not started, spawn /);
});
