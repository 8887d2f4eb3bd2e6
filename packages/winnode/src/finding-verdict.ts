/**
 * `holds`: everything that was looked at is as expected. `unknown`: it was seen, and nobody says what
 * is to be expected of any of it on this host. `differs`: something is not. `failed`: the
 * look itself went wrong. `crashed`: its process died. `no answer`: its time was over. `not run`:
 * nothing of it is ever looked at, and why is said.
 */
export type FindingVerdict =
  | 'holds'
  | 'unknown'
  | 'differs'
  | 'failed'
  | 'crashed'
  | 'no answer'
  | 'not run';

/** One thing that a finding looks at. */
export interface SeenFact {
  readonly name: string;
  /** Any of these is as expected on this host; empty where nobody says, or where it is not run. */
  readonly expected: readonly string[];
  readonly seen: string;
  /** Why it is not run; empty where it was. */
  readonly notRun: string;
}

/** True for what was seen where nobody says what is to be expected. */
export function isUncited({ expected, notRun }: SeenFact): boolean {
  return notRun === '' && expected.length === 0;
}

/** True for what is as expected, for what nobody says anything of, and for what is never run. */
export function isAsExpected(fact: SeenFact): boolean {
  return fact.notRun !== '' || isUncited(fact) || fact.expected.includes(fact.seen);
}
