import { runMisuses } from 'test-kit';
import { expect, test } from 'vitest';
import { fine, indexOf, script } from './misuse.js';

// Each case that ends its process costs a start of Windows Node. The host's own Node runs all
// cases.
test('a crash and a hang are reported by case, and the following cases run', async () => {
  const names = ['refused', 'a crash', 'behind the crash', 'a hang', 'behind the hang'];
  const ends = await runMisuses({ script, indexes: names.map(indexOf), limitMs: 5_000 });
  const refused = { thrown: fine, problem: '' };
  expect([...ends.values()]).toEqual([
    refused,
    { thrown: '', problem: expect.stringMatching(/^ended the process, exit code [1-9]/) },
    refused,
    { thrown: '', problem: 'hung for 5000 ms' },
    refused,
  ]);
});
