import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('without an observer a call of NT allocates nothing', () => {
  const script = fileURLToPath(new URL('./silent-calls.mjs', import.meta.url));
  const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
  const said = execFileSync(process.execPath, [...flags, script], { encoding: 'utf8' });
  const bytes = JSON.parse(said) as Record<string, { silent: number; observed: number }>;
  console.log(said);
  expect(Object.keys(bytes)).toHaveLength(4);
  for (const [name, { silent, observed }] of Object.entries(bytes)) {
    expect(silent, name).toBeLessThan(1);
    // An observer does allocate, which shows that the measurement works.
    expect(observed, name).toBeGreaterThan(100);
  }
});
