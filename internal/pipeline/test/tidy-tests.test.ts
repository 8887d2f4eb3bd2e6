import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { breachesOf } from './test-rules.js';

// Checks that no test breaks the rules, by reading the sources as text. Also checks that each rule
// rejects and accepts examples.

const root = resolve(import.meta.dirname, '../../..');
const samples = 'internal/pipeline/test/tidy-tests.test.ts';
const isTest = (file: string) =>
  /^(packages|internal)\/[^/]+\/test\/.*\.(ts|mjs)$/.test(file) &&
  !file.startsWith('internal/test-kit/') &&
  file !== samples;

test('no test chooses its own seed, and no test fails because something took long', () => {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => isTest(file) && existsSync(join(root, file)));
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((file) =>
    breachesOf(readFileSync(join(root, file), 'utf8')).map(
      ({ line, rule, instead }) => `${file}:${line}: ${rule}; use ${instead}`,
    ),
  );
  expect(found).toEqual([]);
});

const refused = {
  'fast-check is called directly': [
    'fc.assert(fc.property(fc.nat(), ok));',
    'await fc\n  .assert(property);',
    'const details = fc.check(property);',
    "import { assert, property } from 'fast-check';",
  ],
  'a random number without a seed': [
    'const at = Math.floor(Math.random() * 5);',
    'const draw = Math.random;',
  ],
  'a clock as a seed': [
    'const seed = Date.now() % 2 ** 31;',
    'const seed = given || performance.now();',
    'run({ seed: Date.now() });',
    'const choices = new Choices(Date.now());',
    'const textSeed = Number(process.hrtime.bigint());',
    'createSimNt({ seed: +new Date() });',
  ],
  'an upper limit of elapsed time': [
    'const t = performance.now();\nwork();\nexpect(performance.now() - t).toBeLessThan(9);',
    'const t = Date.now();\nwork();\nconst took = Date.now() - t;\nexpect(took).toBeLessThan(9);',
    'const t = process.hrtime();\nconst e = process.hrtime(t);\nexpect(e[0]).toBeLessThan(1);',
    'const t = Date.now();\nconst ms = Date.now() - t;\nexpect(ms < 100).toBe(true);',
    'const ms = Date.now() - t;\nexpect(ms, name(ms)).not.toBeGreaterThan(5);',
    'expect(host.now() - before).toBeLessThanOrEqual(3_000);',
    'const perSecond = rounds / (performance.now() - t);\nexpect(perSecond).toBeCloseTo(5);',
    'for (const { durationUs } of calls) expect(durationUs).toBeLessThan(1_000);',
    'expect(\n  performance.now() -\n    before,\n)\n  .toBeLessThan(1_000);',
  ],
  'a copied directory, which ends Node on Windows if its path is not ASCII': [
    'cpSync(from, to, { recursive: true });',
    'cpSync(join(from, part), join(to, part), {\n  dereference: true,\n  recursive: true,\n});',
  ],
};
const accepted = [
  'checkProperty(fc.property(fc.nat(), ok), 500);',
  'const values = fc.sample(fc.nat(), 5);',
  'checkRuns(500, (choices) => run(choices.below(5)));',
  'const sim = createSimNt({ seed: 20_261_122 });',
  '// fc.assert(property) and Math.random() in a comment',
  '/* seed = Date.now() */',
  'cpSync(from, to, { recursive: true, filter: () => true });',
  'cpSync(from, to, { filter: isSource, recursive: true });',
  'expect(sim.nowMs()).toBeLessThan(20);',
  'expect(fixture.sim.nowMs() - before).toBeLessThanOrEqual(3);',
  'const t = performance.now();\nwork();\nexpect(performance.now() - t).toBeGreaterThanOrEqual(50);',
  'while (performance.now() < latestMs) turn();',
  'const date = new Date(Date.now() - 60_000);',
  'const read = () => performance.now();\nexpect(list.length).toBeLessThan(5);',
  'expect(after.heap - before.heap).toBeLessThan(300_000);',
];

describe('a rule about tests rejects', () => {
  const cases = Object.entries(refused).flatMap(([rule, list]) =>
    list.map((sample) => ({ rule, sample })),
  );
  test.each(cases)('$rule: $sample', ({ rule, sample }) => {
    const breaches = breachesOf(`\n${sample}`);
    expect(breaches.map((breach) => breach.rule)).toContain(rule);
    expect(breaches.every(({ line, instead }) => line > 1 && instead.length > 10)).toBe(true);
  });
});

describe('the rules about tests accept', () => {
  test.each(accepted)('%s', (sample) => {
    expect(breachesOf(sample)).toEqual([]);
  });
});

test('a place that breaks a rule is reported with its line', () => {
  const text = '// fine\n\nconst at = Math.random();\nconst t = 1;\nfc.assert(t);\n';
  expect(breachesOf(text).map(({ line }) => line)).toEqual([5, 3]);
});
