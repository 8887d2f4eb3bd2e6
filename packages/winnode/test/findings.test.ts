import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isConfirmed, openSession, probeFindings, type Session } from 'winnode';
import { findingsMarkdown, printedSummary } from 'winnode/internal';
import { bin, host, start, winnode } from './cli.js';
import { changedFindings, findingsProject, madeUpFindings, root } from './findings-project.js';
import { read, rowsOf, verdicts } from './findings-read.js';

const scratch = mkdtempSync(join(tmpdir(), 'winnode findings '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const project = (name: string, text?: string) => findingsProject(scratch, name, text);

describe.skipIf(host.kind === 'none')(`winnode doctor --probe ${host.reason}`, () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  test('findings of kb hold on this host, from the top of the repository', async () => {
    const args = ['doctor', '--probe', '--json', 'F13', 'F19'];
    const { code, stdout, stderr } = await winnode(args, { cwd: root });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = read(stdout);
    expect(verdicts(report)).toEqual({ F13: 'holds', F19: 'holds' });
    // F19 names what is never done, and why.
    const [kernel, said] = rowsOf(findingsMarkdown(report))[1] as string[];
    expect(said).toBe('holds; not run: of a handle of AFD itself');
    if (host.kind === 'wine') expect(kernel).toBe(`Wine ${/\d+\.\d+/.exec(host.wine)?.[0]}`);
  });

  test('where reality differs it says which finding, what was expected and what was seen', async () => {
    const cwd = project('differs', changedFindings({ F14: { TCP: ['SEND', 'a|b'] } }));
    const { code, stdout } = await winnode(['doctor', '--probe'], { cwd });
    expect(stdout).toMatch(/^F13 A connected socket says CONNECT for ever: holds$/m);
    expect(stdout).toMatch(/^F14 A socket that was never connected says nothing: differs$/m);
    expect(stdout).toMatch(/^ != TCP +SEND or a\|b +silent$/m);
    expect(stdout).toMatch(/^ {4}UDP, bound +SEND +SEND$/m);
    expect(stdout).toMatch(/^F14 differs: TCP: expected SEND or a\|b, seen silent$/m);
    expect(stdout).toContain('1 of 2 findings hold.');
    expect(code).toBe(1);

    const other = await winnode(['doctor', '--probe', '--markdown'], { cwd });
    const [, , summary, ...rows] = rowsOf(other.stdout);
    expect(summary?.slice(3, 5)).toEqual(['1 of 2', 'F14']);
    expect(rows.map(([, said]) => said)).toEqual([
      'holds',
      'differs: TCP: expected SEND or a\\|b, seen silent',
    ]);
    expect(other.code).toBe(1);
  });

  test('where what is expected is only cited, a difference says so and counts all the same', async () => {
    const changed = changedFindings({ F14: { TCP: 'SEND' } }, { isSeen: false, basis: 'cited' });
    const report = await probeFindings({ cwd: project('cited', changed) });
    expect(printedSummary(report)).toContain(
      'F14 differs: from what is cited; TCP: cited SEND, seen silent',
    );
    expect(isConfirmed(report)).toBe(false);
  });

  test('where nobody says what is to be expected, what is seen is shown and differs from nothing', async () => {
    const nobody = { wine8: 'a', wine10: 'a', windows: { nobodySays: true } };
    const onWindows = { kind: 'windows', isSeen: false, basis: 'cited' };
    const some = changedFindings({ F14: { TCP: nobody } }, onWindows);
    const report = await probeFindings({ cwd: project('some uncited', some) });
    expect(verdicts(report)).toEqual({ F13: 'holds', F14: 'holds' });
    expect(findingsMarkdown(report)).toContain('| holds: nobody says: TCP: silent |');

    const all = changedFindings({ F14: { TCP: nobody, 'UDP, bound': nobody } }, onWindows);
    const cwd = project('all uncited', all);
    const { code, stdout } = await winnode(['doctor', '--probe'], { cwd });
    expect(stdout).toMatch(/^ {4}TCP +nobody says +silent$/m);
    expect(stdout).toMatch(/^F14 unknown: nobody says: TCP: silent, UDP, bound: SEND$/m);
    expect(stdout).toContain('1 of 2 findings hold.');
    expect(code).toBe(0);
  });

  test('one that crashes or fails loses its own row, and what it saw is kept', {
    timeout: 120_000,
  }, async () => {
    const bodies = {
      F01: 'yield ok;',
      F02: 'yield ok; process.abort();',
      F04: 'yield ok; throw new Error("on purpose");',
      F05: 'yield left;',
      F06: '',
      F07: 'yield ok; yield left;',
      F08: 'process.exit(0);',
    };
    const cwd = project('broken', madeUpFindings(bodies));
    const told: string[] = [];
    const report = await probeFindings({
      cwd,
      onFinding: ({ id }) => told.push(id),
    });
    expect(verdicts(report)).toEqual({
      F01: 'holds',
      F02: 'crashed',
      F04: 'failed',
      F05: 'not run',
      F06: 'failed',
      F07: 'holds',
      F08: 'crashed',
    });
    expect(told).toEqual(Object.keys(bodies));
    const details = Object.fromEntries(report.findings.map(({ id, detail }) => [id, detail]));
    expect(details).toMatchObject({
      F02: expect.stringMatching(/^exit code 134.*, after "first"$/),
      F04: 'on purpose (after "first")',
      F05: 'it would hurt',
      F08: 'it ended without a word, before it told anything',
    });
    const kept = report.findings.map(({ facts }) => facts.length);
    expect(kept).toEqual([1, 1, 1, 1, 0, 2, 0]);
    expect(isConfirmed(report)).toBe(false);
  });

  test('some by number: no row of a host, and one that is not there is named', {
    timeout: 60_000,
  }, async () => {
    const cwd = project('some', madeUpFindings({ F01: '', F02: 'yield ok;', F03: 'yield ok;' }));
    const report = await probeFindings({ cwd, ids: ['F03', 'F02'] });
    expect(verdicts(report)).toEqual({ F02: 'holds', F03: 'holds' });
    expect({ isWhole: report.isWhole, isOk: isConfirmed(report) }).toEqual({
      isWhole: false,
      isOk: true,
    });
    expect(rowsOf(findingsMarkdown(report))).toEqual([
      ['Wine 8.0', 'holds', report.date],
      ['Wine 8.0', 'holds', report.date],
    ]);
    expect(await winnode(['doctor', '--probe', 'F02', 'F44'], { cwd })).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: 'winnode: There is no finding F44.\nThere are F01, F02, F03.\n',
    });
  });

  test('a run in which nothing was run is a failure', async () => {
    for (const [name, bodies] of [
      ['left', { F01: 'yield left;' }],
      ['none', {}],
    ] as const) {
      const cwd = project(name, madeUpFindings(bodies));
      const { code, stdout } = await winnode(['doctor', '--probe', '--json'], { cwd });
      expect({ ok: read(stdout).ok, code }).toEqual({ ok: false, code: 1 });
    }
  });

  test('without nt-findings, or with one that is not built, it says what to do, exit code 1', async () => {
    for (const [cwd, said, todo] of [
      [scratch, 'has no nt-findings to ask', /top of a clone/],
      [project('not built'), 'has an nt-findings that is not built', /npm run setup/],
    ] as const) {
      const { code, stdout } = await winnode(['doctor', '--probe', '--json'], { cwd });
      const { ok, problem, findings } = read(stdout);
      expect(problem).toMatchObject({
        message: `${cwd} ${said}.`,
        hint: expect.stringMatching(todo),
      });
      expect({ ok, findings, code }).toEqual({ ok: false, findings: [], code: 1 });
      const { stdout: text } = await winnode(['doctor', '--probe'], { cwd });
      expect(text).toBe(`${problem?.message}\n${problem?.hint}\n`);
    }
  });

  test.skipIf(process.platform === 'win32')('Ctrl-C ends it', async () => {
    const body = 'yield ok; await new Promise((done) => setTimeout(done, 60_000));';
    const cwd = project('slow', madeUpFindings({ F01: 'yield ok;', F02: body }));
    const { child, saw, ended } = start(['doctor', '--probe'], { cwd });
    await saw('F01 Made up: holds');
    child.kill('SIGINT');
    expect((await ended).signal).toBe('SIGINT');
  });
});

test.skipIf(process.platform === 'win32')(
  'without Wine it says what to type, exit code 1',
  async () => {
    const env = { ...process.env, WINNODE_WINE: '/nowhere' };
    const { code, stdout } = await winnode(['doctor', '--probe', '--json'], { env });
    const { ok, host: probed, problem } = read(stdout);
    expect({ ok, probed, code }).toEqual({ ok: false, probed: null, code: 1 });
    expect(problem?.hint).toContain('unset it');
  },
);

test('a winnode that nobody built says what to type, exit code 1', async () => {
  const copy = join(scratch, 'unbuilt');
  mkdirSync(copy);
  const package_ = dirname(dirname(bin));
  for (const part of ['bin', 'package.json']) {
    cpSync(join(package_, part), join(copy, part), { recursive: true });
  }
  const script = join(copy, 'bin', 'winnode.mjs');
  const { code, stderr } = await winnode(['doctor'], { script });
  expect(stderr).toBe('winnode: it is not built.\nIn a clone of tofu-nt: npm run setup\n');
  expect(code).toBe(1);
});
