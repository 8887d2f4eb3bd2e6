import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isConfirmed, probeFindings } from 'nt-findings';
import probe from 'nt-findings/probe';
import { hostProfile } from 'test-kit';
import { describe, expect, test } from 'vitest';
import { describeHost, type Item, type Probe } from 'winnode';
import { verdicts } from './read.js';

// Tests the real findings with the functions of the command, and the items that `winnode doctor`
// gets from nt-findings/probe.

const root = join(import.meta.dirname, '../../..');
const host = describeHost();
const winnode = join(
  dirname(createRequire(import.meta.url).resolve('winnode/package.json')),
  'bin/winnode.mjs',
);

/** Runs `winnode doctor` at the root of the repository, whose package.json names the probe. */
function doctor(...args: readonly string[]) {
  return spawnSync(process.execPath, [winnode, 'doctor', ...args], { cwd: root, encoding: 'utf8' });
}

describe.skipIf(host.kind === 'none')(`winnode doctor over this repository ${host.reason}`, () => {
  test('doctor reports that koffi loads, that AFD_POLL works, and whether AF_UNIX exists', () => {
    const { status, stdout, stderr } = doctor('--json');
    expect(stderr).toBe('');
    const { ok, items } = JSON.parse(stdout) as { ok: boolean; items: Item[] };
    const itemOf = (wanted: string) => items.find(({ name }) => name === wanted);
    const outer = items.findIndex(({ name }) => name === 'a run in Windows Node');
    const names = items.slice(outer + 1).map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(['koffi', 'AFD', 'AF_UNIX']);
    expect(names).toContain('NtAssociateWaitCompletionPacket');
    expect(names).toContain('ProcessSocketNotifications');
    for (const item of items.filter(({ isNecessary }) => isNecessary)) {
      expect(item, item.detail).toMatchObject({ verdict: 'ok', hint: '' });
    }
    expect(itemOf('koffi')?.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(itemOf('AFD')?.detail).toBe('AFD_POLL_ACCEPT reported by a completion port');
    const { isPresent } = hostProfile().afUnix;
    expect(itemOf('AF_UNIX')).toMatchObject({
      verdict: isPresent ? 'ok' : 'unsupported',
      isNecessary: false,
    });
    expect({ ok, status }).toEqual({ ok: true, status: 0 });
  });
});

test.skipIf(process.platform === 'win32')(
  'on a host without NT the probe yields only koffi',
  () => {
    // The type that winnode calls must match this probe.
    const typed: Probe = probe;
    expect([...(typed() as Iterable<Item>)]).toMatchObject([{ name: 'koffi', isNecessary: true }]);
  },
);

describe.skipIf(host.kind === 'none')(`nt-findings probe ${host.reason}`, () => {
  test('F13 and F19 hold on this host', async () => {
    const report = await probeFindings({ ids: ['F13', 'F19'] });
    expect(verdicts(report)).toEqual({ F13: 'holds', F19: 'holds' });
    expect(isConfirmed(report)).toBe(true);
    // F19 names the facts that are never tried, and the reason.
    const left = report.findings.flatMap(({ facts }) => facts.filter(({ notRun }) => notRun));
    expect(left.map(({ name }) => name)).toEqual(['of a handle of AFD itself']);
    // A Windows Node under Wine must report Wine, not Windows.
    expect(report.host?.kernel).toBe(hostProfile().kernelVersion);
  });
});
