import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hostProfile } from 'test-kit';
import { afterAll, describe, expect, test } from 'vitest';
import {
  describeHost,
  diagnose,
  type FindingsReport,
  isConfirmed,
  probeFindings,
  toWindowsPath,
} from 'winnode';

// `winnode doctor --probe` over the real findings.

const root = join(import.meta.dirname, '../../..');
const host = describeHost();
const scratch = mkdtempSync(join(tmpdir(), 'doctor probe '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Where Windows Node finds nt-findings, in the build that is tested. */
function ownUrl(): string {
  const path = createRequire(import.meta.url).resolve('nt-findings');
  if (process.platform === 'win32') return pathToFileURL(path).href;
  return `file:///${encodeURI(toWindowsPath(path).replaceAll('\\', '/'))}`;
}

/** A project whose findings are F13 and F14, and some of what F14 expects changed. */
function changed(name: string, expected: object, kind?: string): string {
  const directory = join(scratch, name);
  const place = join(directory, 'node_modules', 'nt-findings');
  mkdirSync(place, { recursive: true });
  const exports = { '.': './index.js', './package.json': './package.json' };
  writeFileSync(join(place, 'package.json'), JSON.stringify({ type: 'module', exports }));
  writeFileSync(
    join(place, 'index.js'),
    `import * as real from ${JSON.stringify(ownUrl())};
     const changed = ${JSON.stringify({ F14: expected })};
     export const findings = real.findings
       .filter(({ id }) => id === 'F13' || id === 'F14')
       .map((each) => ({ ...each, expected: { ...each.expected, ...changed[each.id] } }));
     export const findFinding = (id) => findings.find((each) => each.id === id);
     export const findHost = () => ({ ...real.findHost(), ...${JSON.stringify({ kind })} });
     export const { lookAt } = real;`,
  );
  return directory;
}

const verdicts = ({ findings }: FindingsReport) =>
  Object.fromEntries(findings.map(({ id, verdict }) => [id, verdict]));

describe.skipIf(host.kind === 'none')(`winnode doctor --probe ${host.reason}`, () => {
  test('doctor says whether AFD_POLL and AF_UNIX work here', async () => {
    const items = await diagnose({ cwd: root });
    const itemOf = (wanted: string) => items.find(({ name }) => name === wanted);
    expect(itemOf('AFD')).toMatchObject({
      verdict: 'ok',
      isNecessary: true,
      detail: 'AFD_POLL_ACCEPT reported by a completion port',
    });
    const { isPresent } = hostProfile().afUnix;
    expect(itemOf('AF_UNIX')).toMatchObject({
      verdict: isPresent ? 'ok' : 'unsupported',
      isNecessary: false,
    });
  });

  test('findings of kb hold on this host, from the top of the repository', async () => {
    const report = await probeFindings({ cwd: root, ids: ['F13', 'F19'] });
    expect(verdicts(report)).toEqual({ F13: 'holds', F19: 'holds' });
    expect(isConfirmed(report)).toBe(true);
    // F19 names what is never done, and why.
    const left = report.findings.flatMap(({ facts }) => facts.filter(({ notRun }) => notRun));
    expect(left.map(({ name }) => name)).toEqual(['of a handle of AFD itself']);
    // And Wine is never taken for Windows.
    expect(report.host?.kernel).toBe(hostProfile().kernelVersion);
  });

  test('where reality differs from a finding, that finding differs', async () => {
    const report = await probeFindings({ cwd: changed('differs', { TCP: ['SEND', 'a|b'] }) });
    expect(verdicts(report)).toEqual({ F13: 'holds', F14: 'differs' });
    expect(report.findings[1]?.facts).toEqual([
      { name: 'TCP', expected: ['SEND', 'a|b'], seen: 'silent', notRun: '' },
      { name: 'UDP, bound', expected: ['SEND'], seen: 'SEND', notRun: '' },
    ]);
  });

  test('where nobody says what is to be expected of a host, nothing differs', async () => {
    const nobody = { wine8: 'a', wine10: 'a', windows: { nobodySays: true } };
    const cwd = changed('uncited', { TCP: nobody, 'UDP, bound': nobody }, 'windows');
    expect(verdicts(await probeFindings({ cwd }))).toEqual({ F13: 'holds', F14: 'unknown' });
  });
});
