import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

// Finds circles of imports inside a package; type-only imports count. A file in a circle cannot be
// understood without all other files of the circle.

const root = resolve(import.meta.dirname, '../../..');

/** The circles that exist. Remove the entry of a circle that you have opened. */
const known = [
  'packages/afd-poller: poll-request.ts, registration.ts',
  'packages/ntdllx: file-prototypes.ts, prototypes.ts, wait-prototypes.ts',
  'packages/poc-stage0-wake: stage0-wake.ts, wake-figures.ts',
  'packages/tofu-reactor: connection.ts, diagnostics.ts, server.ts, stream-core.ts',
  'packages/tofu-sockets: skt-types.ts, watchers.ts',
];

/** The imports of each file directly in a directory, by file name. */
function importsIn(directory: string): Map<string, string[]> {
  const files = readdirSync(directory).filter((name) => name.endsWith('.ts'));
  return new Map(
    files.map((file) => {
      const found = readFileSync(join(directory, file), 'utf8').matchAll(
        /(?:from|import\() ?'\.\/([^'/]+)\.js'/g,
      );
      return [file, [...found].map(([, name]) => `${name}.ts`)];
    }),
  );
}

/** All files that a file imports, itself or by way of others. */
function reachedFrom(start: string, imports: Map<string, string[]>): Set<string> {
  const reached = new Set<string>();
  const open = [...(imports.get(start) ?? [])];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    open.push(...(imports.get(file) ?? []));
  }
  return reached;
}

/** The groups of files that import each other. */
function circlesOf(imports: Map<string, string[]>): string[] {
  const reached = new Map([...imports.keys()].map((file) => [file, reachedFrom(file, imports)]));
  const circles = [...reached].flatMap(([file, own]) => {
    if (!own.has(file)) return [];
    return [
      [...own]
        .filter((other) => reached.get(other)?.has(file))
        .sort()
        .join(', '),
    ];
  });
  return [...new Set(circles)];
}

test('no files of a package import each other, apart from the known circles', () => {
  const found = ['packages', 'internal'].flatMap((group) =>
    readdirSync(join(root, group)).flatMap((name) => {
      const sources = join(root, group, name, 'src');
      if (!existsSync(sources)) return [];
      return circlesOf(importsIn(sources)).map((circle) => `${group}/${name}: ${circle}`);
    }),
  );
  expect(found.sort()).toEqual(known);
});

test('a circle of three files is found, and a chain is not', () => {
  const circle: [string, string[]][] = [
    ['a.ts', ['b.ts']],
    ['b.ts', ['c.ts']],
    ['c.ts', ['a.ts', 'd.ts']],
    ['d.ts', []],
  ];
  expect(circlesOf(new Map(circle))).toEqual(['a.ts, b.ts, c.ts']);
  expect(circlesOf(new Map([['a.ts', ['b.ts']], circle[3] as [string, string[]]]))).toEqual([]);
});
