/** Runs every step even if one throws; then throws the first error. */
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
