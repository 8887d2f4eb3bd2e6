import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isConfirmed, openSession, probeFindings, type Session } from 'winnode';
import { findingsMarkdown, printedSummary } from 'winnode/internal';
import { bin, crash, host, start, winnode, winnodeHere } from './cli.js';
import { findingsProject, madeUpFindings } from './findings-project.js';
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

  test('where reality differs it says which finding, what was expected and what was seen', async () => {
    const differs = `yield { name: 'TCP', expected: ['SEND', 'a|b'], seen: 'silent', notRun: '' };`;
    const cwd = project(
      'differs',
      madeUpFindings({ F01: 'yield ok;', F02: `${differs} yield ok;` }),
    );
    const { code, stdout } = await winnodeHere(['doctor', '--probe'], {}, cwd);
    expect(stdout).toMatch(/^F01 Made up: holds$/m);
    expect(stdout).toMatch(/^F02 Made up: differs$/m);
    expect(stdout).toMatch(/^ != TCP +SEND or a\|b +silent$/m);
    expect(stdout).toMatch(/^ {4}first +a +a$/m);
    expect(stdout).toMatch(/^F02 differs: TCP: expected SEND or a\|b, seen silent$/m);
    expect(stdout).toContain('1 of 2 findings hold.');
    expect(code).toBe(1);

    const alone = project('differs alone', madeUpFindings({ F02: `${differs} yield ok;` }));
    const report = await probeFindings({ cwd: alone });
    const [, , summary, ...rows] = rowsOf(findingsMarkdown(report));
    expect(summary?.slice(3, 5)).toEqual(['0 of 1', 'F02']);
    expect(rows.map(([, said]) => said)).toEqual([
      'differs: TCP: expected SEND or a\\|b, seen silent',
    ]);

    // Where what is expected is only cited, a difference says so and counts all the same.
    if (report.host === null) throw new Error('the report has no host');
    const cited = { ...report, host: { ...report.host, isSeen: false } };
    expect(printedSummary(cited)).toContain(
      'F02 differs: from what is cited; TCP: cited SEND or a|b, seen silent',
    );
    expect(isConfirmed(cited)).toBe(false);
  });

  test('where nobody says what is to be expected, what is seen is shown and differs from nothing', async () => {
    const uncited = `yield { name: 'TCP', expected: [], seen: 'silent', notRun: '' };`;
    const cwd = project('uncited', madeUpFindings({ F01: `yield ok; ${uncited}`, F02: uncited }));
    const { code, stdout } = await winnodeHere(['doctor', '--probe', '--markdown'], {}, cwd);
    expect(stdout).toContain('| holds: nobody says: TCP: silent |');
    expect(stdout).toContain('| unknown: nobody says: TCP: silent |');
    expect(stdout).toContain('| 1 of 2 |');
    expect(code).toBe(0);
  });

  test('one that crashes or fails loses its own row, and what it saw is kept', {
    timeout: 120_000,
  }, async () => {
    const bodies = {
      F02: `yield ok; ${crash};`,
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
    expect(kept).toEqual([1, 1, 1, 0, 2, 0]);
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
    expect(await winnodeHere(['doctor', '--probe', 'F02', 'F44'], {}, cwd)).toEqual({
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
      expect(isConfirmed(await probeFindings({ cwd }))).toBe(false);
    }
  });

  test('without nt-findings, or with one that is not built, it says what to do, exit code 1', async () => {
    for (const [cwd, said, todo] of [
      [scratch, 'has no nt-findings to ask', /top of a clone/],
      [project('not built'), 'has an nt-findings that is not built', /npm run setup/],
    ] as const) {
      const report = await probeFindings({ cwd });
      const { problem, findings } = report;
      expect(problem).toMatchObject({
        message: `${cwd} ${said}.`,
        hint: expect.stringMatching(todo),
      });
      expect({ ok: isConfirmed(report), findings }).toEqual({ ok: false, findings: [] });
      const text = `${problem?.message}\n${problem?.hint}\n`;
      expect(printedSummary(report)).toBe(text);
      // The command line prints the same, and no more: once is enough.
      if (cwd !== scratch) continue;
      const printed = await winnode(['doctor', '--probe'], { cwd });
      expect(printed).toMatchObject({ code: 1, stdout: text });
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
    const env = { WINNODE_WINE: '/nowhere' };
    const { code, stdout } = await winnodeHere(['doctor', '--probe', '--json'], env);
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
