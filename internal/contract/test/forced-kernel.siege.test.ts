import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { columnOf, differingRows, type Holder, hostProfile, kernelNames } from 'test-kit';
import { describe, expect, test } from 'vitest';

// Runs the suites on the real kernel with the expectations of another kernel. Exactly the rows in
// which the two kernels differ must fail, by name.

const root = resolve(import.meta.dirname, '../../..');
const runTests = resolve(root, 'internal/pipeline/bin/run-tests.mjs');
const suites: Readonly<Partial<Record<Holder, readonly [directory: string, file: string]>>> = {
  contract: ['internal/contract', 'contract.win'],
  conformance: ['packages/afd-poller', 'conformance.win'],
  threads: ['packages/afd-poller', 'threads.win'],
};
const { kernel: real, host } = hostProfile();
const others = [...new Set(kernelNames.map(columnOf))].filter((name) => name !== columnOf(real));

/** A row that differs, and the kernel whose value was expected. */
const difference =
  /^(\w+) \((?:F\d+|ACTIVE_KB)\): expected .+ on (\w+)(?: \(unverified\))?, observed /;

/** The first line of each failure message, and the following lines that name further rows. */
function failuresOf(output: string): string[] {
  const said = /^(?:\w*Error: )?(\w+ \((?:F\d+|ACTIVE_KB)\): .*)$|^(\w*Error: .*)$/;
  return output.split('\n').flatMap((line) => {
    const found = said.exec(line.trim());
    return found === null ? [] : [(found[1] ?? found[2]) as string];
  });
}

function run(directory: string, file: string, kernel: string) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [runTests, process.env['TEST_BUILD'] ?? 'release', file],
    {
      cwd: resolve(root, directory),
      encoding: 'utf8',
      env: { ...process.env, TEST_KERNEL: kernel, TEST_HOST_PROFILE: '' },
      maxBuffer: 2 ** 26,
    },
  );
  return { status, output: stripVTControlCharacters(stdout + stderr) };
}

const reason = host.kind === 'none' ? 'no Windows Node here' : '';

describe.skipIf(host.kind === 'none').each(others)(`forced to %s ${reason}`, (kernel) => {
  test.each(Object.entries(suites))(
    '%s fails exactly at the rows that differ, and names them',
    { timeout: 300_000 },
    (holder, [directory, file]) => {
      const expected = differingRows(real, kernel, holder as Holder);
      const { status, output } = run(directory, file, kernel);
      const rows = failuresOf(output).map((line) => {
        const [, name, on] = difference.exec(line) ?? [];
        return on === kernel ? name : line;
      });
      expect([...new Set(rows)].sort(), output).toEqual(expected);
      expect(status).toBe(expected.length === 0 ? 0 : 1);
    },
  );
});
