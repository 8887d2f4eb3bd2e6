/** Takes every step, whatever one of them throws; then throws what the first one threw. */
export function runAll(steps: Iterable<() => void>): void {
  let first: { readonly thrown: unknown } | undefined;
  for (const step of steps) {
    try {
      step();
    } catch (thrown) {
      first ??= { thrown };
    }
  }
  if (first !== undefined) throw first.thrown;
}
