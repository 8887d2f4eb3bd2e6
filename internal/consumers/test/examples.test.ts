import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examples, root } from './examples.js';

// Compiles the examples of the READMEs as a reader would use them: in a project with strict
// TypeScript.

const work = resolve(import.meta.dirname, '../.work/examples');
let output = '';

beforeAll(() => {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  for (const { file, code } of examples) writeFileSync(join(work, file), code);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    // The ladder depends on every stage, this package only on one.
    paths: { 'poc-stage*': [join(root, 'packages/poc-stage*/dist/debug/index.d.ts')] },
    // The declarations are checked, too, as in a project of a user.
    skipLibCheck: false,
  };
  const config = join(work, 'tsconfig.json');
  writeFileSync(config, JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  output = spawnSync(process.execPath, [tsc, '-p', config], { cwd: work, encoding: 'utf8' }).stdout;
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('there are examples, and no file outside them has errors', () => {
  expect(examples.length).toBeGreaterThan(10);
  // An error in another file is an error in the declarations of this repository.
  const known = examples.map(({ file }) => file);
  const others = output
    .split('\n')
    .filter((line) => /^\S+\(\d+,\d+\): error/.test(line))
    .filter((line) => !known.some((file) => line.startsWith(file)));
  expect(others).toEqual([]);
});

test.each(examples)('the example $name compiles in strict TypeScript', ({ file }) => {
  expect(output.split('\n').filter((line) => line.startsWith(file))).toEqual([]);
});
