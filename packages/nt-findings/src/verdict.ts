import type { Fact } from './probe-finding.js';

/**
 * `holds`: all observations are as expected. `unknown`: there are observations, but no expectation
 * for any of them on this host. `differs`: an observation is not as expected. `failed`: a call
 * failed unexpectedly. `crashed`: the process of the probe crashed. `no answer`: it reached the
 * time limit. `not run`: no probe tries its facts; the reason is given.
 */
export type FindingVerdict =
  | 'holds'
  | 'unknown'
  | 'differs'
  | 'failed'
  | 'crashed'
  | 'no answer'
  | 'not run';

/** True for an observation without a citation. */
export function isUncited({ expected, notRun }: Fact): boolean {
  return notRun === '' && expected.length === 0;
}

/** True for a fact that is as expected, that has no citation, or that is never run. */
export function isAsExpected(fact: Fact): boolean {
  return fact.notRun !== '' || isUncited(fact) || fact.expected.includes(fact.seen);
}

/** The end of a finding's process, and its output. */
export interface ProbeEnd {
  readonly facts: readonly Fact[];
  /** The error that the probe threw; empty if there was none. */
  readonly error: string;
  /** True if the probe completed. */
  readonly isDone: boolean;
  /** Why the process failed: a crash, or its exit code; otherwise empty. */
  readonly crash: string;
  /** True if the process reached the time limit. */
  readonly isLate: boolean;
}

/**
 * Derives a finding's verdict from the end of its process.
 *
 * @param limitMs its time limit
 */
export function judged(
  { facts, error, isDone, crash, isLate }: ProbeEnd,
  limitMs: number,
): { readonly verdict: FindingVerdict; readonly detail: string } {
  const last = facts.at(-1);
  const after = last === undefined ? 'before its first fact' : `after the fact "${last.name}"`;
  const ended = (verdict: FindingVerdict, detail = '') => ({ verdict, detail });
  if (isLate) {
    return ended('no answer', `its process did not end within ${limitMs / 1_000} s, ${after}`);
  }
  if (error !== '') return ended('failed', `${error} (${after})`);
  if (!isDone || crash !== '') {
    return ended('crashed', `${crash || 'its process ended without an error'}, ${after}`);
  }
  if (facts.length === 0) return ended('failed', 'the probe yielded no fact');
  if (facts.every(({ notRun }) => notRun !== '')) return ended('not run', facts[0]?.notRun);
  if (facts.every((fact) => fact.notRun !== '' || isUncited(fact))) return ended('unknown');
  return ended(facts.every(isAsExpected) ? 'holds' : 'differs');
}
