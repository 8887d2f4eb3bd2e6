import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('notifying watchers of a would-block allocates nothing', () => {
  const script = fileURLToPath(new URL('./would-block-allocates.mjs', import.meta.url));
  // Unoptimized: the optimizing compiler sometimes leaves an object out.
  const flags = ['--expose-gc', '--no-opt', '--no-maglev', '--min-semi-space-size=64'];
  const output = execFileSync(process.execPath, [...flags, '--max-semi-space-size=64', script], {
    encoding: 'utf8',
  });
  const { watched, wasteful, direction } = JSON.parse(output);
  expect(watched).toHaveLength(3);
  for (const bytes of watched) expect(bytes).toBeLessThan(1);
  expect(wasteful).toBeGreaterThan(16);
  expect(direction).toBe('readable');
});
