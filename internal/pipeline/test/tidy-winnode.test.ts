import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

// winnode is a tool for any project: its published files must not mention this repository.

const root = resolve(import.meta.dirname, '../../..');
const own = 'packages/winnode';
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const manifestOf = (file: string) => JSON.parse(read(file)) as Record<string, object>;

const packages = ['packages', 'internal'].flatMap((group) =>
  readdirSync(join(root, group))
    .map((name) => `${group}/${name}/package.json`)
    .filter((file) => existsSync(join(root, file)))
    .map((file) => ({ file, name: String(manifestOf(file)['name']) })),
);

/** Names that belong to this repository: its packages, its name, its subject, its pages. */
const names = new RegExp(
  [
    ...packages.map(({ name }) => name).filter((name) => name !== 'winnode'),
    'tofu',
    String.raw`\bafd\b`,
    'AFD_POLL',
    'AF_UNIX',
    'IOCP',
    String.raw`\bkb\b`,
    String.raw`\b[DF]\d\d\b`,
    String.raw`\.\./\.\./`,
  ].join('|'),
  'i',
);

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', own], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /^packages\/winnode\/(src\/|bin\/|README\.md$)/.test(file))
  .filter((file) => existsSync(join(root, file)));

test('no line of winnode mentions this repository', () => {
  expect(files).toContain(`${own}/README.md`);
  expect(files).toContain(`${own}/bin/winnode.mjs`);
  expect(files.length).toBeGreaterThan(30);
  const found = files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (names.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

test.each([
  "import { probeNt } from 'ntdllx/probe';",
  'In a clone of tofu-nt: npm run setup',
  'see kb/decisions/D20',
  '([how](../../LICENSE))',
  'whether AFD works',
])('refused: %s', (line) => {
  expect(names.test(line)).toBe(true);
});

test('winnode’s package.json mentions this repository only for its tests and its build', () => {
  const { devDependencies, scripts, ...rest } = manifestOf(`${own}/package.json`);
  expect(names.exec(JSON.stringify(rest))?.[0]).toBeUndefined();
  const workspace = packages.map(({ name }) => name);
  const installed = ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) =>
    Object.keys(rest[kind] ?? {}),
  );
  expect(installed.length).toBeGreaterThan(0);
  expect(installed.filter((name) => workspace.includes(name))).toEqual([]);
  expect(Object.keys(devDependencies ?? {}).filter((name) => workspace.includes(name))).toEqual([
    'test-kit',
  ]);
});

test('no file of winnode is longer than 400 lines', () => {
  for (const file of files) {
    expect(read(file).split('\n').length, file).toBeLessThanOrEqual(400);
  }
});
