import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expectationRows, type Holder, type RowName } from 'test-kit';
import { expect, test } from 'vitest';

// Tests get the kernel from the host profile, and its behaviour from test-kit's table. No test may
// derive them in another way.

const root = resolve(import.meta.dirname, '../../..');
const own = 'internal/pipeline/test/tidy-kernels.test.ts';
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /^(packages|internal)\/[^/]+\/test\/.*\.(ts|mjs)$/.test(file))
  .filter((file) => file !== own && existsSync(join(root, file)));
const outside = files.filter((file) => !file.startsWith('internal/test-kit/'));

const name = String.raw`['"\`](?:wine\d+|windows)['"\`]`;
const conclusions = [
  new RegExp(String.raw`[=!]==?\s*${name}|${name}\s*[=!]==?|\bcase\s+${name}`),
  /\bisWine\b/,
  /process\.env(?:\.|\[['"])WINEPREFIX/,
  /\bos\.release\(|\brelease\(\)/,
  /\bkernel\w*\.(?:startsWith|includes|match)\(/,
];
const concludes = (line: string) => conclusions.some((pattern) => pattern.test(line));

test('no test outside test-kit compares the name of the kernel, or derives it', () => {
  expect(outside.length).toBeGreaterThan(100);
  const found = outside.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (concludes(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

test.each([
  "if (host.profile === 'wine8') return;",
  "const isOld = 'wine10' !== kernel;",
  "  case 'windows':",
  'expect(isWine ? 0 : 1).toBe(count);',
  "const here = process.env['WINEPREFIX'] !== undefined;",
  'expect(kernel).toBe(release());',
  "if (kernelVersion.startsWith('Wine 8')) return;",
])('refused: %s', (line) => {
  expect(concludes(line)).toBe(true);
});

test.each([
  "const profiles = ['wine8', 'wine10', 'windows'] as const;",
  "createSimNt({ seed: 1, profile: 'windows' });",
  "if (host.kind === 'wine') return;",
  'const env = { ...process.env, WINEPREFIX: prefix };',
])('accepted: %s', (line) => {
  expect(concludes(line)).toBe(false);
});

const placeOf: Record<Holder, string> = {
  contract: 'internal/contract/test/contract/',
  conformance: 'packages/afd-poller/test/cases/',
  threads: 'packages/afd-poller/test/threads.ts',
  'poc-stage2-echo': 'packages/poc-stage2-echo/test/',
  'tofu-sockets': 'packages/tofu-sockets/test/',
  'tofu-reactor': 'packages/tofu-reactor/test/',
};

test('the suites that observe a row are exactly those in its heldBy', () => {
  for (const [row, { heldBy }] of Object.entries(expectationRows)) {
    const holders = Object.entries(placeOf)
      .filter(([, place]) =>
        outside.some((file) => file.startsWith(place) && read(file).includes(`${row}:`)),
      )
      .map(([holder]) => holder);
    expect(holders.sort(), row).toEqual([...heldBy].sort());
  }
});

test('every row cites an existing finding, or a page that has the row', () => {
  const findings = read('kb/FINDINGS.md');
  const active = read('kb/ACTIVE_KB.md');
  for (const row of Object.keys(expectationRows) as RowName[]) {
    const { page } = expectationRows[row];
    if (page === 'ACTIVE_KB') expect(active, row).toContain(`| \`${row}\` |`);
    else expect(findings, row).toMatch(new RegExp(`^## ${page} `, 'm'));
  }
});
