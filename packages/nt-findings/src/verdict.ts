import type { Fact } from './probe-finding.js';

/**
 * `holds`: everything that was looked at is as expected. `unknown`: it was seen, and nothing is cited
 * of what is to be expected of any of it on this host. `differs`: something is not as expected.
 * `failed`: the probe itself went wrong. `crashed`: its process died. `no answer`: its time was over.
 * `not run`: nothing of it is ever looked at, and why is said.
 */
export type FindingVerdict =
  | 'holds'
  | 'unknown'
  | 'differs'
  | 'failed'
  | 'crashed'
  | 'no answer'
  | 'not run';

/** True for what was seen where nothing is cited of what to expect. */
export function isUncited({ expected, notRun }: Fact): boolean {
  return notRun === '' && expected.length === 0;
}

/** True for what is as expected, for what nothing is cited of, and for what is never run. */
export function isAsExpected(fact: Fact): boolean {
  return fact.notRun !== '' || isUncited(fact) || fact.expected.includes(fact.seen);
}

/** How the process of a finding ended, and what it wrote before. */
export interface ProbeEnd {
  readonly facts: readonly Fact[];
  /** What the probe threw; empty where it threw nothing. */
  readonly error: string;
  /** It got to its end. */
  readonly isDone: boolean;
  /** What the process died of; empty where it ended by itself. */
  readonly death: string;
  readonly isLate: boolean;
}

/** What the end of a process says of its finding. @param limitMs what it had for its time */
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
    return ended('crashed', `${death || 'it ended without a word'}, ${after}`);
  }
  if (facts.length === 0) return ended('failed', 'it looked at nothing');
  if (facts.every(({ notRun }) => notRun !== '')) return ended('not run', facts[0]?.notRun);
  if (facts.every((fact) => fact.notRun !== '' || isUncited(fact))) return ended('unknown');
  return ended(facts.every(isAsExpected) ? 'holds' : 'differs');
}
