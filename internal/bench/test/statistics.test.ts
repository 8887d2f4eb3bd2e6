import { median, ratios, summarize } from '@tofu-nt/bench';
import { expect, test } from 'vitest';

test('the median of an odd and of an even number', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('a summary of five or more values leaves out the smallest and the largest', () => {
  expect(summarize([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5, count: 3 });
  expect(summarize([100, 2, 3, 4, -50])).toEqual({ median: 3, low: 2, high: 4, count: 5 });
  expect(summarize([7])).toEqual({ median: 7, low: 7, high: 7, count: 1 });
});

test('a list with a value that is not a number has no summary', () => {
  expect(() => summarize([])).toThrow(RangeError);
  expect(() => summarize([1, Number.NaN])).toThrow(RangeError);
});

test('ratios need two lists of equal length', () => {
  expect(ratios([2, 6], [1, 3])).toEqual([2, 2]);
  expect(() => ratios([1], [1, 2])).toThrow(RangeError);
});
