import { crossSection } from 'test-kit';
import { expect, test } from 'vitest';

const variants = ['a', 'b', 'c'];

/** The numbers of the tests that run, by variant. */
function chosen(count: number, build: 'debug' | 'release') {
  const isChosen = crossSection(variants, build);
  return variants.map((variant) =>
    Array.from({ length: count }, (_, test) => test).filter(() => isChosen(variant)),
  );
}

test('each test runs once in a build, each variant runs its share, and the builds differ', () => {
  const debug = chosen(7, 'debug');
  const release = chosen(7, 'release');
  expect(debug).toEqual([
    [0, 3, 6],
    [1, 4],
    [2, 5],
  ]);
  expect(release).toEqual([
    [2, 5],
    [0, 3, 6],
    [1, 4],
  ]);
});

test('a single variant runs every test', () => {
  const isChosen = crossSection(['only']);
  expect([1, 2, 3].map(() => isChosen('only'))).toEqual([true, true, true]);
});
