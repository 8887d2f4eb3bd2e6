import type { Fact } from './probe-finding.js';

/**
 * `holds`: all observations are as expected. `unknown`: there are observations, but no citation
 * for any of them on this host. `differs`: an observation is not as expected. `failed`: the probe
 * itself failed. `crashed`: its process died. `no answer`: it reached the time limit. `not run`:
 * none of its facts is ever tried; the reason is given.
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

/** True for facts that are as expected, that have no citation, or that are never run. */
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
  /** The cause of the process's death; empty if it exited by itself. */
  readonly death: string;
  readonly isLate: boolean;
}

/**
 * Derives a finding's verdict from the end of its process.
 *
 * @param limitMs its time limit
 */
export function judged(
  { facts, error, isDone, death, isLate }: ProbeEnd,
  limitMs: number,
): { readonly verdict: FindingVerdict; readonly detail: string } {
  const last = facts.at(-1);
  const after = last === undefined ? 'before its first fact' : `after "${last.name}"`;
  const ended = (verdict: FindingVerdict, detail = '') => ({ verdict, detail });
  if (isLate) return ended('no answer', `nothing within ${limitMs / 1_000} s, ${after}`);
  if (error !== '') return ended('failed', `${error} (${after})`);
  if (!isDone || death !== '') {
    return ended('crashed', `${death || 'it ended without a message'}, ${after}`);
  }
  if (facts.length === 0) return ended('failed', 'the probe reported no fact');
  if (facts.every(({ notRun }) => notRun !== '')) return ended('not run', facts[0]?.notRun);
  if (facts.every((fact) => fact.notRun !== '' || isUncited(fact))) return ended('unknown');
  return ended(facts.every(isAsExpected) ? 'holds' : 'differs');
}
