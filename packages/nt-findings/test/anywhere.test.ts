import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Expectation,
  type Expected,
  findHost,
  findings,
  type HostKind,
  hostOf,
  kernelNames,
  probeFinding,
} from 'nt-findings';
import {
  findingsPage,
  type ObservedKernel,
  observedDirectory,
  readObserved,
  record,
} from 'nt-findings/internal';
import { kernelNames as testedKernels } from 'test-kit';
import { describe, expect, test } from 'vitest';

test('importing nt-findings opens no native library', () => {
  const script = `
    import 'nt-findings';
    const opened = process.report.getReport().sharedObjects.filter((name) => /koffi/.test(name));
    if (opened.length > 0) throw new Error(opened.join());
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(child.stderr).toBe('');
  expect(child.status).toBe(0);
});

test.skipIf(process.platform === 'win32')(
  'findHost on a host without NT throws ERR_NT_HOST',
  () => {
    expect(findHost).toThrowError(expect.objectContaining({ code: 'ERR_NT_HOST' }));
  },
);

describe('the expectations of a host', () => {
  test.each([
    ['8.0', 'wine8', 'wine8', true],
    ['8.21', 'wine8', 'wine8', true],
    ['9.0', 'wine9', 'wine8', false],
    ['10.0', 'wine10', 'wine10', true],
    ['11.2-rc1', 'wine11', 'wine10', false],
  ] as const)('hostOf chooses the expectations for Wine %s', (wine, kernel, kind, isSeen) => {
    const host = { kernel, kind, name: `Wine ${wine}`, note: '', isSeen };
    expect(hostOf(wine, '10.0.26100')).toMatchObject(host);
  });

  test('all versions of Windows are one kernel', () => {
    const host = { kernel: 'windows', kind: 'windows', name: 'Windows 10.0.26100', note: '' };
    expect(hostOf(undefined, '10.0.26100')).toMatchObject({ ...host, isSeen: false });
  });

  test('an unknown Wine gets the expectations of the nearest known version, and a note', () => {
    expect(hostOf('12.0', '')).toMatchObject({
      kernel: 'wine11',
      kind: 'wine10',
      name: 'Wine 12.0',
      note: 'Wine 12.0 is newer than all known kernels; the expectations are those for Wine 11',
      isSeen: false,
    });
    expect(hostOf('7.22', '')).toMatchObject({
      kernel: 'wine8',
      note: 'Wine 7.22 is older than all known kernels; the expectations are those for Wine 8',
      isSeen: false,
    });
    expect(() => hostOf('next', '')).toThrowError(/does not begin with a number: "next"/);
  });

  test('the file of a record has the name of its kernel', () => {
    const names = ['8.0', '9.22', '11.2-rc1', '12.0'].map((wine) => hostOf(wine, '').observed);
    expect(names).toEqual(['wine8', 'wine9', 'wine11', 'wine12']);
    expect(hostOf(undefined, '10.0.26100').observed).toBe('windows');
  });

  test('nt-findings and test-kit list the same kernels', () => {
    expect(kernelNames).toEqual(testedKernels);
  });

  test('every finding has a claim, a source, and expected facts for each host', () => {
    for (const { id, expected, claim, cited } of findings) {
      expect(claim, id).toMatch(/\w\.$/);
      expect(cited, id).not.toEqual([]);
      expect(Object.keys(expected), id).not.toEqual([]);
      for (const [name, expectation] of Object.entries(expected)) {
        const isPlain = typeof expectation === 'string' || Array.isArray(expectation);
        const texts = (isPlain ? [expectation] : Object.values(expectation)) as Expected[];
        for (const each of texts) expect(each, `${id} ${name}`).not.toEqual([]);
        for (const text of texts.flat()) expect(text, `${id} ${name}`).not.toBe('');
      }
    }
  });
});

describe('the records of a kernel', () => {
  const files = readdirSync(observedDirectory());
  const expectedOn = (expectation: Expectation, kind: HostKind) => {
    const of = typeof expectation === 'string' || Array.isArray(expectation);
    const one = of ? expectation : (expectation as Record<HostKind, Expected | object>)[kind];
    return typeof one === 'string' || Array.isArray(one) ? [one].flat() : [];
  };

  test('the package contains records of Wine 8 and Wine 10', () => {
    expect(files).toEqual(expect.arrayContaining(['wine10.json', 'wine8.json']));
  });

  test.each(files)(
    'the record of %s has every finding, every fact and the expectations',
    (file) => {
      const text = readFileSync(join(observedDirectory(), file), 'utf8');
      const observed = JSON.parse(text) as ObservedKernel;
      const [, wine] = /^Wine (.+)$/.exec(observed.kernel) ?? [];
      const { kind, observed: name } = hostOf(wine, observed.kernel.replace('Windows ', ''));
      expect(file).toBe(`${name}.json`);
      expect(text).toBe(`${JSON.stringify(observed, null, 2)}\n`);
      expect(Object.keys(observed.findings)).toEqual(findings.map(({ id }) => id));
      for (const { id, expected } of findings) {
        // The expectations for Windows come from sources. A difference there is a discovery, not an
        // error of the record.
        if (wine === undefined) continue;
        const run = Object.entries(expected).filter(
          ([, each]) => !(typeof each === 'object' && 'notRun' in each),
        );
        const { seen = {}, trouble } = observed.findings[id] ?? {};
        expect(trouble, id).toBeUndefined();
        expect(Object.keys(seen).sort(), id).toEqual(run.map(([fact]) => fact).sort());
        for (const [fact, expectation] of run) {
          const values = expectedOn(expectation, kind);
          if (values.length > 0) expect(values, `${id} ${fact}`).toContain(seen[fact]);
        }
      }
    },
  );
});

describe('kb/FINDINGS.md', () => {
  const kernels = readObserved();

  test('equals the page generated from probes and records, byte for byte', () => {
    const file = join(import.meta.dirname, '../../../kb/FINDINGS.md');
    // To regenerate it: npx nt-findings page kb/FINDINGS.md
    expect(readFileSync(file, 'utf8')).toBe(findingsPage(findings, kernels));
  });

  const one = {
    id: 'F99',
    title: 'Made up',
    claim: 'It is made up.',
    cited: ['a source', 'another one'],
    expected: {
      TCP: ['a', 'b'],
      UDP: { wine8: 'c', wine10: 'd', windows: { unspecified: true } },
      left: { notRun: 'it hurts' },
    },
    see: async function* () {},
  } as const;
  const kernel = (name: string, seen: Record<string, string>, trouble?: string) => ({
    kernel: name,
    host: `x, ${name}`,
    windowsNode: '22.0.0',
    date: '2026-11-29',
    findings: { F99: trouble === undefined ? { seen } : { seen, trouble } },
  });

  test('the page shows the facts of each kernel, in bold if they differ from the expectation', () => {
    const text = findingsPage(
      [one],
      [
        kernel('Wine 8.0', { TCP: 'b', UDP: 'c' }),
        kernel('Wine 10.0', { TCP: 'b', UDP: 'c' }),
        kernel('Windows 10.0.26100', { TCP: 'x|y', UDP: 'z' }),
      ],
    );
    expect(text).toContain('| x, Wine 8.0 | 22.0.0 | 2026-11-29 | 1 of 1 | none |');
    expect(text).toContain('| x, Wine 10.0 | 22.0.0 | 2026-11-29 | 0 of 1 | F99 |');
    expect(text).toContain('## F99 Made up\n\nIt is made up.\n');
    expect(text).toContain('| fact | Wine 8.0 | Wine 10.0 | Windows 10.0.26100 | Windows, cited |');
    expect(text).toContain('| TCP | b | b | **x\\|y** | a or b |');
    expect(text).toContain('| UDP | c | **c** | z | *unspecified* |');
    expect(text).toContain('| left | not run | not run | not run | not run |');
    expect(text).toContain('Not run, left: it hurts.\n');
    expect(text).toContain('Sources for Windows: a source; another one.\n');
  });

  test('the page names a probe that did not complete on a kernel, and the reason', () => {
    const text = findingsPage([one], [kernel('Wine 8.0', { TCP: 'a' }, 'crashed: code 5')]);
    expect(text).toContain('| 0 of 1 | F99 |');
    expect(text).toContain('| UDP | *not seen* | *unspecified* |');
    expect(text).toContain('Wine 8.0 crashed: code 5.\n');
  });
});

describe('probeFinding', () => {
  const host = { kind: 'wine8' } as const;
  const finding = {
    id: 'F99',
    title: 'Made up',
    claim: 'It is made up.',
    cited: [],
    expected: { one: 'a', two: { wine8: ['b', 'c'], wine10: 'd', windows: 'e' }, three: 'f' },
  };
  const facts = async (see: () => AsyncGenerator<readonly [string, string], void>) => {
    const list = [];
    for await (const fact of probeFinding({ ...finding, see }, host)) list.push(fact);
    return list;
  };

  test('probeFinding yields a fact for each expectation, even for one that the probe did not observe', async () => {
    const list = await facts(async function* () {
      yield ['two', 'c'];
    });
    expect(list).toEqual([
      { name: 'two', expected: ['b', 'c'], seen: 'c', notRun: '' },
      { name: 'one', expected: ['a'], seen: expect.stringContaining('not seen'), notRun: '' },
      { name: 'three', expected: ['f'], seen: expect.stringContaining('not seen'), notRun: '' },
    ]);
  });

  test('probeFinding accepts any value of an unspecified fact, but not a missing one', async () => {
    const expected = { one: { wine8: { unspecified: true }, wine10: 'a', windows: 'a' } } as const;
    const runs = [['one', 'whatever'] as const, undefined].map(async (fact) => {
      const list = [];
      const see = async function* () {
        if (fact !== undefined) yield fact;
      };
      for await (const each of probeFinding({ ...finding, expected, see }, host)) list.push(each);
      return list;
    });
    const [seen, unseen] = await Promise.all(runs);
    expect(seen).toEqual([{ name: 'one', expected: [], seen: 'whatever', notRun: '' }]);
    expect(unseen).toMatchObject([
      { expected: ['any value'], seen: expect.stringContaining('not seen') },
    ]);
  });

  test('all facts of F18 are unspecified on Windows', () => {
    const closed = findings.find(({ id }) => id === 'F18');
    const said = Object.values(closed?.expected ?? {}).map(
      (each) => (each as Record<string, unknown>)['windows'],
    );
    expect(said).toEqual(Array.from({ length: 7 }, () => ({ unspecified: true })));
  });

  test.each([
    ['that the probe yields twice', ['one', 'one']],
    ['without an expectation', ['four']],
  ])('probeFinding rejects a fact %s', async (_what, names) => {
    const running = facts(async function* () {
      for (const name of names) yield [name, 'a'];
    });
    await expect(running).rejects.toThrowError(/^The probe of F99 is wrong: the fact "(one|four)"/);
  });
});

test('record rejects an incomplete report, and a report without a host', () => {
  const host = { ...hostOf('8.0', ''), name: 'here', windowsNode: '22', kernel: 'Wine 8.0' };
  const whole = { date: '2026-11-29', host, problem: null, isWhole: true, findings: [] };
  const problem = { message: '', hint: '' };
  for (const part of [{ host: null }, { isWhole: false }, { problem }]) {
    expect(() => record({ ...whole, ...part }, '/nowhere')).toThrowError(TypeError);
  }
});
