/** The build that this run tests. */
export const testedBuild: 'debug' | 'release' =
  process.env['TEST_BUILD'] === 'debug' ? 'debug' : 'release';

/**
 * Selects a cross-section of tests that exist in several variants, for example one for each preset
 * of the engine. The variants take turns: each test runs in one of them, and each variant runs its
 * share of the tests. The builds start with different variants. The siege runs every test in every
 * variant.
 *
 * @param variants all variants, at least one.
 * @param build the tested build.
 * @returns a function that says whether the next test of a variant runs. It must be called once
 *   for each test of a variant, for all variants in the same order of tests.
 */
export function crossSection<Variant>(
  variants: readonly Variant[],
  build: 'debug' | 'release' = testedBuild,
): (variant: Variant) => boolean {
  const counts = new Map<Variant, number>();
  const first = build === 'debug' ? 0 : 1;
  return (variant) => {
    const count = counts.get(variant) ?? 0;
    counts.set(variant, count + 1);
    return (count + first) % variants.length === variants.indexOf(variant);
  };
}

/**
 * Defines tests of a behaviour that does not depend on the build, in a file that runs in both
 * builds: they run in release only. Under Wine a file of their own, `*.release.win.test.ts`, would
 * cost a process of its own.
 */
export function inRelease(define: () => void): void {
  if (testedBuild === 'release') define();
}
