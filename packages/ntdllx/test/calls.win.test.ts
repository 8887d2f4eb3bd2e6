import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inRelease } from 'test-kit';
import { describe, expect, test } from 'vitest';

// Calls of NT and Win32. Under Wine a process starts more slowly than the tests of one module run,
// so these modules share one. Their hooks apply inside their own blocks.
describe('port', async () => void (await import('./port.js')));
describe('memory and trace', async () => void (await import('./memory-trace.js')));

inRelease(() => {
  describe('probe and names', async () => void (await import('./probe-and-names.js')));

  test('without an observer a call of NT allocates nothing', () => {
    const script = fileURLToPath(new URL('./silent-calls.mjs', import.meta.url));
    const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
    const output = execFileSync(process.execPath, [...flags, script], { encoding: 'utf8' });
    const bytes = JSON.parse(output) as Record<string, { silent: number; observed: number }>;
    console.log(output);
    expect(Object.keys(bytes)).toHaveLength(4);
    for (const [name, { silent, observed }] of Object.entries(bytes)) {
      expect(silent, name).toBeLessThan(1);
      // An observer does allocate, which shows that the measurement works.
      expect(observed, name).toBeGreaterThan(100);
    }
  });
});
