/**
 * `holds`: everything that was looked at is as expected. `differs`: something is not. `failed`: the
 * look itself went wrong. `crashed`: its process died. `no answer`: its time was over. `not run`:
 * nothing of it is ever looked at, and why is said.
 */
export type FindingVerdict = 'holds' | 'differs' | 'failed' | 'crashed' | 'no answer' | 'not run';

/** One thing that a finding looks at. */
export interface SeenFact {
  readonly name: string;
  /** Any of these is as expected on this host. */
  readonly expected: readonly string[];
  readonly seen: string;
  /** Why it is not run; empty where it was. */
  readonly notRun: string;
}

/** True for what is as expected, and for what is never run. */
export function isAsExpected({ expected, seen, notRun }: SeenFact): boolean {
  return notRun !== '' || expected.includes(seen);
}
