/** A summary of several measurements of the same quantity. */
export interface Summary {
  readonly median: number;
  /** Where most of them lie: all but the smallest and the largest, from five on. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

/** The middle one, or the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const list = sorted(values);
  const middle = Math.floor(list.length / 2);
  const upper = list[middle] ?? Number.NaN;
  return list.length % 2 === 1 ? upper : ((list[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** @throws {RangeError} for an empty list, or a value that is not a number. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0 || !values.every(Number.isFinite)) {
    throw new RangeError(`There is no summary of [${values.join(', ')}].`);
  }
  const list = sorted(values);
  const trim = list.length >= 5 ? 1 : 0;
  return {
    median: median(list),
    low: list[trim] as number,
    high: list[list.length - 1 - trim] as number,
    count: list.length,
  };
}

/** The ratio of each pair of measurements of one round: the first list's over the baseline's. */
export function ratios(ours: readonly number[], baseline: readonly number[]): number[] {
  if (ours.length !== baseline.length) {
    throw new RangeError(
      `${ours.length} and ${baseline.length} measurements cannot be paired: give as many of each.`,
    );
  }
  return ours.map((value, index) => value / (baseline[index] as number));
}
