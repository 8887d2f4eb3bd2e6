import { isConfirmed } from 'nt-findings';
import { probeAll } from 'nt-findings/internal';
import { expect, test } from 'vitest';
import { left, madeUpProbes, ok } from './made-up.js';
import { verdicts } from './read.js';

// On Windows each finding runs in a process of the same Node, without winnode.

test('a probe that crashes keeps its earlier facts; the other findings are probed', async () => {
  const { expected, body } = ok;
  const probes = madeUpProbes({
    F01: ok,
    F02: { expected, body: `${body} process.reallyExit(0xC0000005 | 0);` },
    F03: { expected: { ...left, ...expected }, body },
  });
  const report = await probeAll(probes);
  expect(verdicts(report)).toEqual({ F01: 'holds', F02: 'crashed', F03: 'holds' });
  expect(report.findings[1]).toMatchObject({
    detail: '0xC0000005 STATUS_ACCESS_VIOLATION, after the fact "first"',
    facts: [{ name: 'first', seen: 'a' }],
  });
  expect(isConfirmed(report)).toBe(false);
});
