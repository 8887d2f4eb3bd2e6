import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type FindingsReport, isConfirmed } from 'nt-findings';
import {
  findingsMarkdown,
  parseArguments,
  printedFinding,
  printedSummary,
  probeAll,
} from 'nt-findings/internal';
import { hostProfile } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { bin, commandHere, start } from './command.js';
import { left, type MadeUp, madeUpProbes, ok } from './made-up.js';
import { rowsOf, verdicts } from './read.js';

// Tests the command with made-up findings, which fail in different ways.

const host = describeHost();
const scratch = mkdtempSync(join(tmpdir(), 'nt findings '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/**
 * Ends Windows Node immediately, without any event and without a stack trace, with the exit code
 * of `process.abort`.
 */
const crash = 'process.reallyExit(134)';
const differs = {
  expected: { TCP: ['SEND', 'a|b'], ...ok.expected },
  body: `yield ['TCP', 'silent']; ${ok.body}`,
};
const nothingCited = Object.fromEntries(
  ['wine8', 'wine10', 'windows'].map((kind) => [kind, { unspecified: true }]),
) as MadeUp['expected'][string];

describe.skipIf(host.kind === 'none')(`nt-findings probe ${host.reason}`, () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  test('the command prints a difference with its finding, and the expected and observed facts', async () => {
    const uncited = { expected: { TCP: nothingCited }, body: `yield ['TCP', 'silent'];` };
    const both = {
      expected: { ...ok.expected, ...uncited.expected },
      body: `${ok.body} ${uncited.body}`,
    };
    const whole = await probeAll(madeUpProbes({ F01: both, F02: differs, F03: uncited }));
    const without = (id: string) => ({
      ...whole,
      findings: whole.findings.filter((each) => each.id !== id),
    });

    const report = without('F03');
    const printed = report.findings.map(printedFinding).join('');
    expect(printed).toMatch(/^F01 Made up: holds$/m);
    expect(printed).toMatch(/^F02 Made up: differs$/m);
    expect(printed).toMatch(/^ != TCP +SEND or a\|b +silent$/m);
    expect(printed).toMatch(/^ {4}first +a +a$/m);
    const said = 'TCP: expected SEND or a|b, seen silent';
    const seen = { ...report, host: { ...requireHost(report), isSeen: true } };
    expect(printedSummary(seen)).toContain(`F02 differs: ${said}\n`);
    expect(printedSummary(seen)).toContain('1 of 2 findings hold.');
    expect(isConfirmed(seen)).toBe(false);
    const [, , summary, , , ...rows] = rowsOf(findingsMarkdown(seen));
    expect(summary?.slice(3, 5)).toEqual(['1 of 2', 'F02']);
    expect(rows.map((cells) => cells[1])).toEqual([
      'holds: unspecified: TCP: silent',
      `differs: ${said.replace('|', '\\|')}`,
    ]);

    // If an expectation comes from sources, the output says so. The difference counts nevertheless.
    const cited = { ...report, host: { ...requireHost(report), isSeen: false } };
    expect(printedSummary(cited)).toContain(
      'F02 differs: TCP: expected (from sources) SEND or a|b, seen silent',
    );
    expect(isConfirmed(cited)).toBe(false);

    const unspecified = without('F02');
    const page = findingsMarkdown(unspecified);
    expect(page).toContain('| holds: unspecified: TCP: silent |');
    expect(page).toContain('| unknown: unspecified: TCP: silent |');
    expect(page).toContain('| 1 of 2 |');
    expect(isConfirmed(unspecified)).toBe(true);
  });

  test('a probe that crashes or fails keeps the facts that it had observed', {
    timeout: 120_000,
  }, async () => {
    const { expected, body } = ok;
    const findings = {
      F02: { expected, body: `${body} ${crash};` },
      F04: { expected, body: `${body} throw new Error('on purpose');` },
      F05: { expected: left, body: '' },
      F08: { expected, body: 'process.exit(0);' },
    };
    const handedOn: string[] = [];
    const report = await probeAll(madeUpProbes(findings), {
      onFinding: ({ id }) => handedOn.push(id),
    });
    expect(verdicts(report)).toEqual({
      F02: 'crashed',
      F04: 'failed',
      F05: 'not run',
      F08: 'crashed',
    });
    expect(handedOn).toEqual(Object.keys(findings));
    const details = Object.fromEntries(report.findings.map(({ id, detail }) => [id, detail]));
    expect(details).toMatchObject({
      F02: expect.stringMatching(/^exit code 134.*, after the fact "first"$/),
      F04: 'on purpose (after the fact "first")',
      F05: 'it would hurt',
      F08: 'its process ended without an error, before its first fact',
    });
    const kept = report.findings.map(({ facts }) => facts.length);
    expect(kept).toEqual([1, 1, 1, 0]);
    expect(isConfirmed(report)).toBe(false);
    const notRun = report.findings.filter(({ id }) => id === 'F05');
    expect(isConfirmed({ ...report, findings: notRun })).toBe(false);
  });

  test('a run of selected findings prints no row for HOSTS; an unknown number is an error', {
    timeout: 60_000,
  }, async () => {
    const probes = madeUpProbes({ F01: { ...ok, body: '' }, F02: ok, F03: ok });
    const report = await probeAll(probes, { ids: ['F03', 'F02'] });
    expect(verdicts(report)).toEqual({ F02: 'holds', F03: 'holds' });
    expect({ isWhole: report.isWhole, isOk: isConfirmed(report) }).toEqual({
      isWhole: false,
      isOk: true,
    });
    const { kernelVersion } = hostProfile();
    expect(rowsOf(findingsMarkdown(report))).toEqual([
      ['finding', kernelVersion],
      ['--|--'],
      ['F02 Made up', 'holds'],
      ['F03 Made up', 'holds'],
    ]);
    await expect(probeAll(probes, { ids: ['F02', 'F44'] })).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: 'Unknown finding: F44.',
      hint: 'Known findings: F01, F02, F03.',
    });
  });

  test('a run that probes nothing counts as a failure', async () => {
    expect(isConfirmed(await probeAll(madeUpProbes({})))).toBe(false);
  });

  test('if the program reports no host, the report has a problem with the reason, and no findings', async () => {
    const program = join(scratch, 'not there.mjs');
    const report = await probeAll({ program, findings: [{ id: 'F01', title: 'Made up' }] });
    expect(report).toMatchObject({ host: null, findings: [] });
    expect(report.problem?.message).toMatch(/^The findings cannot be probed: .*exit code 1$/);
    expect(printedSummary(report)).toBe(`${report.problem?.message}\n${report.problem?.hint}\n`);
    expect(isConfirmed(report)).toBe(false);
  });

  test('the command, as a process, prints a table and a summary', async () => {
    const { code, stdout, stderr } = await start(['probe', 'f14']).ended;
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^finding +expected +seen\nF14 .*: holds\n {4}TCP +silent +silent$/m);
    expect(stdout).toContain('1 of 1 findings hold.');
    expect(code).toBe(0);
  });
});

function requireHost({ host: probed }: FindingsReport) {
  if (probed === null) throw new Error('the report has no host');
  return probed;
}

test.skipIf(process.platform === 'win32')(
  'without Wine the command says what to do, records nothing, and exits with 1',
  async () => {
    const env = { WINNODE_WINE: '/nowhere' };
    const { code, stdout, stderr } = await commandHere(['probe', '--json', '--record'], env);
    const { ok, host: probed, problem } = JSON.parse(stdout);
    expect({ ok, probed, code }).toEqual({ ok: false, probed: null, code: 1 });
    expect(problem.hint).toContain('unset it');
    expect(stderr).toBe(
      'nt-findings: nothing was recorded, because not every finding was probed.\n',
    );
  },
);

test('page names a file that it cannot write, says why and what to do, and exits with 1', async () => {
  const file = join(scratch, 'missing', 'FINDINGS.md');
  expect(await commandHere(['page', file])).toEqual({
    code: 1,
    signal: null,
    stdout: '',
    stderr:
      `nt-findings: ${file} cannot be written: its directory does not exist.\n` +
      'Nothing was changed. Make the path writable, or name another file.\n',
  });
  const directory = mkdtempSync(join(scratch, 'page '));
  const { code, stderr } = await commandHere(['page', directory]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^nt-findings: .+ cannot be written: it is a directory\.\n/);
  expect(readdirSync(scratch).filter((name) => name.startsWith('page '))).toHaveLength(1);
});

describe('an incomplete installation', () => {
  const copied = (...parts: readonly string[]) => {
    const copy = join(scratch, parts.join(' '));
    mkdirSync(copy);
    for (const part of ['package.json', ...parts]) {
      cpSync(join(dirname(dirname(bin)), part), join(copy, part), {
        recursive: true,
        filter: () => true,
      });
    }
    return join(copy, 'bin', 'nt-findings.mjs');
  };

  test('without a build nt-findings says what to do, and exits with 1', async () => {
    const script = copied('bin');
    const { code, stderr } = await start(['probe'], {}, script).ended;
    expect(stderr).toMatch(
      /^nt-findings: this copy of the package is not built: .+ does not exist\.\n.+ npm run setup\n$/,
    );
    expect(stderr).toContain(join(dirname(dirname(script)), 'dist'));
    expect(code).toBe(1);
  });

  test.skipIf(process.platform === 'win32')(
    'without winnode nt-findings says what to do, and exits with 1',
    async () => {
      const script = copied('bin', 'dist');
      const modules = join(dirname(dirname(script)), 'node_modules');
      mkdirSync(modules);
      for (const name of ['nt-afd', 'ntdllx', 'tofu-sockets']) {
        const own = join(dirname(dirname(bin)), 'node_modules', name);
        symlinkSync(realpathSync(own), join(modules, name));
      }
      const { code, stdout } = await start(['probe', 'F06'], {}, script).ended;
      expect(stdout).toBe(
        'The probes need Windows Node. On this host winnode runs it, and winnode is not installed.\n' +
          'Run: npm install --save-dev winnode (in a clone of tofu-nt: npm run setup). Or use Windows.\n',
      );
      expect(code).toBe(1);
    },
  );
});

describe('the command line', () => {
  const probe = { what: 'probe', form: 'text', isRecorded: false, ids: [] };
  test.each([
    [['probe'], probe],
    [['probe', 'f06', '--json', 'F14'], { ...probe, form: 'json', ids: ['F06', 'F14'] }],
    [['probe', '--markdown', '--record'], { ...probe, form: 'markdown', isRecorded: true }],
    [['--help'], { what: 'help' }],
    [['probe', 'F06', '-h'], { what: 'help' }],
    [['page'], { what: 'page', file: undefined }],
    [['page', 'a b.md'], { what: 'page', file: 'a b.md' }],
    [['--version'], { what: 'version' }],
  ])('parseArguments parses %j', (args, asked) => {
    expect(parseArguments(args)).toEqual(asked);
  });

  test.each([
    [[], 'The command is missing: it must be probe or page.'],
    [['F06'], 'Unknown command "F06": it must be probe or page.'],
    [['probe', 'F6'], 'Unknown argument of probe: "F6". It accepts --json, '],
    [['probe', '--jsn'], 'Unknown argument of probe: "--jsn".'],
    [['probe', 'F99'], 'Unknown finding: F99.'],
    [['probe', '--json', '--markdown'], '--json and --markdown cannot be used together'],
    [['page', 'a', 'b'], 'page accepts one file, but "b" is a second one.'],
    [['page', '--json'], 'Unknown option of page: "--json".'],
    [['page', 'a', '--json'], 'Unknown option of page: "--json".'],
    [['probe', '--record', 'f06'], '--record needs a run of all findings, but only F06 would run.'],
  ])(
    '%j prints a line with the error and a line with a hint, and exits with 2',
    async (args, said) => {
      const { code, stdout, stderr } = await commandHere(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(said);
      expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    },
  );

  test('--help lists every command and option', async () => {
    const { code, stdout } = await commandHere(['--help']);
    expect(code).toBe(0);
    for (const word of ['probe', '--json', '--markdown', '--record', '--version', '141', 'Usage']) {
      expect(stdout).toContain(word);
    }
  });
});
