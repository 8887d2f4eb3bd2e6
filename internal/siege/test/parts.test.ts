import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parts, propertyFiles, testFiles } from '@tofu-nt/siege';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const siegeFiles = testFiles(root)
  .flatMap(({ directory, files }) => files.map((file) => `${directory}/${file}`))
  .filter((file) => /\.siege\.(win\.)?test\.ts$/.test(file));

test('the sum of all limits is at most 70 minutes', () => {
  const sum = parts.reduce((total, { limitMinutes }) => total + limitMinutes, 0);
  expect(sum).toBeLessThanOrEqual(70);
});

test('names are unique', () => {
  expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length);
});

test('there are siege test files', () => {
  expect(siegeFiles.length).toBeGreaterThan(5);
});

/** The paths among the arguments of each part. */
const pathsOf = parts.map(
  ({ commands }) =>
    new Set(commands(root).flatMap(({ cwd = root, args }) => args.map((arg) => join(cwd, arg)))),
);

test.each(siegeFiles)('exactly one part runs %s', (file) => {
  expect(pathsOf.filter((paths) => paths.has(join(root, file)))).toHaveLength(1);
});

test.each(parts)('the files of $name exist', ({ commands }) => {
  const all = commands(root);
  expect(all.length).toBeGreaterThan(0);
  for (const { args } of all) expect(existsSync(args[0] as string)).toBe(true);
});

test('property tests are found by their imports', () => {
  const found = propertyFiles(root).flatMap(({ directory, files }) =>
    files.map((file) => `${directory}/${file}`),
  );
  expect(found).toContain('internal/contract/test/random-client.test.ts');
  expect(found).toContain('packages/tofu-sockets/test/address-text.test.ts');
  expect(found.filter((file) => /\.(siege|win)\./.test(file))).toEqual([]);
});

test('a part with tests for Windows Node has needsWindowsNode', () => {
  for (const { name, needsWindowsNode = false, commands } of parts) {
    const isForWindows = commands(root).some(({ args }) =>
      args.some((arg) => arg.endsWith('.siege.win.test.ts')),
    );
    if (isForWindows) expect(needsWindowsNode, name).toBe(true);
  }
});
