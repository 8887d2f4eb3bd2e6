import { runAll } from 'poc-kit';
import { expect, test } from 'vitest';

test('runAll runs every step, and throws the value of the first step that threw, even if the value is undefined', () => {
  const taken: number[] = [];
  const step = (number: number, thrown?: { value: unknown }) => () => {
    taken.push(number);
    if (thrown !== undefined) throw thrown.value;
  };
  runAll([step(1), step(2)]);
  const error = new Error('first');
  const steps = [step(3), step(4, { value: error }), step(5, { value: 'second' }), step(6)];
  expect(() => runAll(steps)).toThrowError(error);
  let isThrown = false;
  try {
    runAll([step(7, { value: undefined }), step(8)]);
  } catch (thrown) {
    isThrown = thrown === undefined;
  }
  expect(isThrown).toBe(true);
  expect(taken).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});
