import type { Expectation, Expected, Finding, NotRun } from './finding.js';
import { findings } from './findings.js';
import type { Host, HostKind } from './host.js';
import { Loopback } from './loopback.js';

/** One observed fact. All values can be written as JSON. */
export interface Fact {
  /** The name of the fact; unique in its finding. */
  readonly name: string;
  /** The accepted values on this host; empty if the fact is unspecified or not run. */
  readonly expected: readonly string[];
  /** The observation; empty if it was not run. */
  readonly seen: string;
  /** Why it was not run; empty if it was. */
  readonly notRun: string;
}

/**
 * The observation of a fact that the probe did not yield. It counts as a difference, also for an
 * unspecified fact.
 */
const nothing = 'not seen: the probe ended before it';
const anything = ['any value'];

/** The finding with this number, or undefined. */
export function findFinding(id: string): Finding | undefined {
  return findings.find((each) => each.id === id);
}

/**
 * Probes a finding with real calls on loopback, and yields each fact immediately. Takes less than
 * 10 s. Closes everything that it opens.
 *
 * @throws {NtdllxError} for a call that failed unexpectedly; the facts before it remain valid.
 */
export async function* probeFinding(
  finding: Finding,
  { kind }: Pick<Host, 'kind'>,
): AsyncGenerator<Fact, void> {
  const awaited = new Map<string, readonly string[]>();
  for (const [name, expectation] of Object.entries(finding.expected)) {
    if (isNotRun(expectation)) yield { name, expected: [], seen: '', notRun: expectation.notRun };
    else awaited.set(name, expectedOn(kind, expectation));
  }
  const loopback = new Loopback();
  try {
    for await (const [name, seen] of finding.see(loopback)) {
      const expected = awaited.get(name);
      if (expected === undefined) {
        const problem = 'yielded twice, or has no expectation';
        throw new Error(`The probe of ${finding.id} is wrong: the fact "${name}" is ${problem}.`);
      }
      awaited.delete(name);
      yield { name, expected, seen, notRun: '' };
    }
  } finally {
    loopback.close();
  }
  for (const [name, known] of awaited) {
    const expected = known.length === 0 ? anything : known;
    yield { name, expected, seen: nothing, notRun: '' };
  }
}

/** True for a fact that is never tried, on any host. */
export function isNotRun(expectation: Expectation): expectation is NotRun {
  return typeof expectation === 'object' && 'notRun' in expectation;
}

function isForAll(expectation: Exclude<Expectation, NotRun>): expectation is Expected {
  return typeof expectation === 'string' || Array.isArray(expectation);
}

/** The expected values on a host; empty if they are unspecified. */
export function expectedOn(
  kind: HostKind,
  expectation: Exclude<Expectation, NotRun>,
): readonly string[] {
  const expected = isForAll(expectation) ? expectation : expectation[kind];
  if (typeof expected === 'object' && 'unspecified' in expected) return [];
  return typeof expected === 'string' ? [expected] : expected;
}
