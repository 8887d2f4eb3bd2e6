/** A summary of several measurements of the same quantity. */
export interface Summary {
  readonly median: number;
  /** The range of the values; of five or more values without the smallest and the largest. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

/** The median: the middle value, or the mean of the two middle values; NaN for an empty list. */
export function median(values: readonly number[]): number {
  const list = sorted(values);
  const middle = Math.floor(list.length / 2);
  const upper = list[middle] ?? Number.NaN;
  return list.length % 2 === 1 ? upper : ((list[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** @throws {RangeError} for an empty list, or a value that is not a number. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0 || !values.every(Number.isFinite)) {
    throw new RangeError(
      `Cannot summarise [${values.join(', ')}]: the list is empty or has a value that is not a number.`,
    );
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

/** The ratio of each round: the value of the first list divided by that of the baseline. */
export function ratios(ours: readonly number[], baseline: readonly number[]): number[] {
  if (ours.length !== baseline.length) {
    throw new RangeError(
      `${ours.length} and ${baseline.length} measurements cannot be paired: give as many of each.`,
    );
  }
  return ours.map((value, index) => value / (baseline[index] as number));
}
