import type { Expectation, Expected, Finding, NotRun } from './finding.js';
import { findings } from './findings.js';
import type { Host, HostKind } from './host.js';
import { Loopback } from './loopback.js';

/** One thing that was looked at. Plain values: it may be written as JSON. */
export interface Fact {
  readonly name: string;
  /** Any of these is as expected on this host; empty where it is unspecified, or not run. */
  readonly expected: readonly string[];
  /** What was seen; empty where it is not run. */
  readonly seen: string;
  /** Why it is not run; empty where it was. */
  readonly notRun: string;
}

/** What is seen of a fact that never came. That is a difference also where it is unspecified. */
const nothing = 'not seen: the probe ended before it';
const anything = ['any value'];

/** The finding of a number, or undefined. */
export function findFinding(id: string): Finding | undefined {
  return findings.find((each) => each.id === id);
}

/**
 * Probes a finding here and now, with real calls on loopback, and yields each fact at once. Takes less
 * than 10 s. Everything that it opens is closed.
 *
 * @throws {NtdllxError} for a call that failed where no finding expects it; the facts before it hold.
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
        throw new Error(`${finding.id} says "${name}" twice, or unexpectedly.`);
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

/** True for what is never run, on any host. */
export function isNotRun(expectation: Expectation): expectation is NotRun {
  return typeof expectation === 'object' && 'notRun' in expectation;
}

function isForAll(expectation: Exclude<Expectation, NotRun>): expectation is Expected {
  return typeof expectation === 'string' || Array.isArray(expectation);
}

/** What is expected on a host: any of these; none where nothing is cited. */
export function expectedOn(
  kind: HostKind,
  expectation: Exclude<Expectation, NotRun>,
): readonly string[] {
  const expected = isForAll(expectation) ? expectation : expectation[kind];
  if (typeof expected === 'object' && 'unspecified' in expected) return [];
  return typeof expected === 'string' ? [expected] : expected;
}
