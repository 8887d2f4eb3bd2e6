import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnose, type Item, isWell, openSession, type Session } from 'winnode';
import { findProjectProbe } from 'winnode/internal';
import { bin, crash, host, winnode, winnodeHere } from './cli.js';
import { probeOf, probeProject } from './probe-project.js';

const scratch = mkdtempSync(join(tmpdir(), 'winnode doctor '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const namesOf = (items: readonly Item[]) => items.map(({ name }) => name);
const read = (stdout: string) => JSON.parse(stdout) as { ok: boolean; items: Item[] };
const project = (name: string, text?: string, said?: unknown) =>
  probeProject(scratch, name, text, said);

const outer = [
  ...(host.kind === 'wine' ? ['host', 'Wine', 'Windows Node'] : ['host', 'Windows Node']),
  'a run in Windows Node',
];
const ofProbe = 'the probe of the project';

describe.skipIf(host.kind === 'none')(`winnode doctor ${host.reason}`, () => {
  // One wineserver for all tests, so that each run starts quickly.
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  /** The items of a project's probe, after a check that winnode's own items are ok. */
  async function itemsOf(cwd: string): Promise<Item[]> {
    const items = await diagnose({ cwd });
    expect(namesOf(items).slice(0, outer.length)).toEqual(outer);
    expect(isWell(items.slice(0, outer.length))).toBe(true);
    return items.slice(outer.length);
  }

  test('doctor finds no problem on this host, in a project without a probe', async () => {
    const { code, stdout, stderr } = await winnode(['doctor', '--json'], { cwd: scratch });
    expect(stderr).toBe('');
    const { ok, items } = read(stdout);
    expect(namesOf(items)).toEqual(outer);
    for (const item of items) {
      expect(item).toMatchObject({ isNecessary: true, verdict: 'ok', hint: '' });
    }
    expect(items.find(({ name }) => name === 'Windows Node')?.version).toBe(host.windowsNode);
    expect(items.at(-1)?.detail).toMatch(/^win32 x64, Windows 10\.0\.\d+$/);
    expect({ ok, code }).toEqual({ ok: true, code: 0 });
  });

  test('doctor prints a line for each item of the project’s probe', async () => {
    const cwd = project(
      'lines',
      probeOf(`
        yield good;
        yield { ...good, name: 'second', isNecessary: false, verdict: 'missing', version: '', hint: 'Get it.' };
        yield { ...good, name: process.platform, detail: process.cwd() };
      `),
    );
    const { code, stdout } = await winnode(['doctor'], { cwd });
    expect(stdout).toMatch(/^ok {10}a run in Windows Node +win32 x64/m);
    expect(stdout).toMatch(/^ok {10}first +1\.2, seen$/m);
    expect(stdout).toMatch(/^missing {5}second +seen \(optional\)\n +Get it\.$/m);
    expect(stdout).toMatch(/^ok {10}win32 +1\.2, .*\\lines$/m);
    expect(code).toBe(0);
  });

  test('doctor reports a failed item of the probe as a failure, with its hint', async () => {
    const cwd = project(
      'failing',
      probeOf(`yield { ...good, verdict: 'failed', hint: 'Mend it.' };`),
    );
    const items = await itemsOf(cwd);
    expect(items).toMatchObject([{ name: 'first', verdict: 'failed', hint: 'Mend it.' }]);
    expect(isWell(items)).toBe(false);
  });

  test('doctor passes each item on at once, so that a crash of the probe loses no earlier item', async () => {
    const cwd = project('crash', probeOf(`yield good; ${crash};`));
    const handedOn: string[] = [];
    const items = await diagnose({ cwd, onItem: ({ name }) => handedOn.push(name) });
    expect(handedOn).toEqual([...outer, 'first', ofProbe]);
    expect(items.at(-1)).toMatchObject({
      verdict: 'failed',
      isNecessary: true,
      detail: expect.stringMatching(/died: exit code 134.*, after the item "first"$/),
    });
    expect(isWell(items)).toBe(false);
  });

  test('doctor reports each invalid item, and ignores other output and additional fields', async () => {
    const cwd = project(
      'items',
      probeOf(`
        setInterval(() => {}, 1_000);
        process.stdout.write('no line end');
        console.log('{ "item": "no JSON of ours"');
        for (const wrong of [
          undefined, 'text', {}, { ...good, name: '' }, { ...good, isNecessary: 1 },
          { ...good, verdict: 'fine' }, { ...good, version: 3n }, { ...good, hint: null },
        ]) yield wrong;
        const round = { ...good };
        round.self = round;
        yield round;
      `),
    );
    const items = await itemsOf(cwd);
    const wrong = items.slice(0, -1);
    expect(wrong.every(({ name, verdict }) => name === ofProbe && verdict === 'failed')).toBe(true);
    expect(wrong.map(({ detail }) => detail)).toEqual([
      'its item 1 is undefined, not an object',
      "its item 2 is 'text', not an object",
      'its item 3 has name undefined, not a string',
      'its item 4 has an empty name',
      'its item 5 has isNecessary 1, not a boolean',
      "its item 6 has verdict 'fine', not one of ok, missing, unsupported, failed, skipped",
      'its item 7 has version 3n, not a string',
      'its item 8 has hint null, not a string',
    ]);
    expect(items.at(-1)).toMatchObject({ name: 'first', verdict: 'ok' });
    expect(Object.keys(items.at(-1) ?? {})).toHaveLength(6);
  });

  test.each([
    [
      'is not a function',
      'export default { name: "first" };',
      /is an object of Object, not a function$/,
    ],
    [
      'exits the process',
      probeOf('yield good; process.exit(0);'),
      /exit code 0, after the item "first"$/,
    ],
  ])('doctor reports a probe that %s as one failure', async (name, text, said) => {
    const items = await itemsOf(project(name, text));
    expect(items.filter((item) => item.name !== 'first')).toEqual([
      expect.objectContaining({ name: ofProbe, verdict: 'failed', isNecessary: true }),
    ]);
    expect(items.at(-1)?.detail).toMatch(said);
    expect(items.at(-1)?.hint).not.toBe('');
  });

  test('doctor runs a probe that a package of the project exports, also if only for import', async () => {
    const cwd = project('package', '', { probe: 'probes/windows' });
    const place = join(cwd, 'node_modules', 'probes');
    mkdirSync(place, { recursive: true });
    const exports = { './windows': { import: './windows.js' } };
    writeFileSync(join(place, 'package.json'), JSON.stringify({ type: 'module', exports }));
    writeFileSync(join(place, 'windows.js'), probeOf('yield good;'));
    expect(await itemsOf(cwd)).toMatchObject([{ name: 'first', verdict: 'ok' }]);
  });
});

describe('findProjectProbe', () => {
  const found = (name: string, text: string) => {
    const directory = join(scratch, 'said', name);
    mkdirSync(join(directory, 'below'), { recursive: true });
    writeFileSync(join(directory, 'package.json'), text);
    return { directory, ...findProjectProbe(join(directory, 'below')) };
  };

  test.each([
    ['a file', '{ "winnode": { "probe": "./a.mjs" } }'],
    ['a byte order mark', '\uFEFF{ "winnode": { "probe": "./a.mjs" } }'],
  ])(
    'findProjectProbe finds the probe from a subdirectory, in a package.json with %s',
    (name, text) => {
      const { directory, ...rest } = found(name, text);
      expect(rest).toEqual({ probe: { project: directory, specifier: './a.mjs' } });
    },
  );

  test.each(['{}', '{ "winnode": {} }'])('findProjectProbe finds no probe in %s', (text) => {
    const { directory: _, ...rest } = found(`none ${text.length}`, text);
    expect(rest).toEqual({ probe: undefined });
  });

  test.each([
    ['', 'is not JSON: '],
    ['{ "winnode": ', 'is not JSON: '],
    ['[]', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['{ "winnode": "./a.mjs" }', 'contains "winnode": "./a.mjs"; the value must be an object'],
    ['{ "winnode": [] }', 'contains "winnode": []; the value must be an object'],
    ['{ "winnode": { "probe": "" } }', 'contains "winnode.probe": ""; the value must be the name'],
    ['{ "winnode": { "probe": ["./a"] } }', 'contains "winnode.probe": ["./a"]; the value must be'],
    ['{ "winnode": { "prob": "./a" } }', 'contains the unknown field "prob" in "winnode"'],
  ])('findProjectProbe reports %s as one failure that names the file', (text, said) => {
    const { directory, ...rest } = found(`wrong ${text.length}`, text);
    expect(rest).toEqual({
      problem: expect.objectContaining({
        name: ofProbe,
        verdict: 'failed',
        isNecessary: true,
        detail: expect.stringContaining(`${join(directory, 'package.json')} ${said}`),
        hint: expect.stringMatching(/\w/),
      }),
    });
  });

  test('findProjectProbe reports a package.json that is a directory as one failure', () => {
    const directory = join(scratch, 'a directory');
    mkdirSync(join(directory, 'package.json'), { recursive: true });
    expect(findProjectProbe(directory)).toEqual({
      problem: expect.objectContaining({ detail: expect.stringContaining('cannot be read: E') }),
    });
  });
});

test.skipIf(process.platform === 'win32')(
  'doctor without Wine or Windows Node says what to do, and exits with 1',
  async () => {
    const cwd = project('no Wine', probeOf('yield good;'));
    for (const [variable, name] of [
      ['WINNODE_WINE', 'Wine'],
      ['WINNODE_NODE', 'Windows Node'],
    ] as const) {
      const env = { [variable]: '/nowhere' };
      const { code, stdout } = await winnodeHere(['doctor', '--json'], env, cwd);
      const { ok, items } = read(stdout);
      const item = items.find((each) => each.name === name);
      expect(item).toMatchObject({ verdict: 'missing', isNecessary: true });
      expect(item?.hint).toContain('unset it');
      expect(items.at(-1)).toMatchObject({ name: ofProbe, verdict: 'skipped' });
      expect({ ok, code }).toEqual({ ok: false, code: 1 });
    }
  },
);

test.skipIf(host.kind !== 'wine')(
  'doctor reports a prefix that it cannot use as a failure',
  async () => {
    const env = { ...process.env, WINNODE_PREFIX: join(import.meta.dirname) };
    const items = await diagnose({ env, cwd: project('no prefix', probeOf('yield good;')) });
    expect(items.slice(-2)).toMatchObject([
      { name: 'a run in Windows Node', verdict: 'failed', isNecessary: true },
      { name: ofProbe, verdict: 'skipped' },
    ]);
    expect(items.at(-2)?.detail).toContain('was not made by winnode');
    expect(isWell(items)).toBe(false);
  },
);

test('winnode without a build says what to do, and exits with 1', async () => {
  const copy = join(scratch, 'unbuilt');
  mkdirSync(copy);
  const package_ = dirname(dirname(bin));
  for (const part of ['bin', 'package.json']) {
    cpSync(join(package_, part), join(copy, part), { recursive: true, filter: () => true });
  }
  const script = join(copy, 'bin', 'winnode.mjs');
  const { code, stderr } = await winnode(['doctor'], { script });
  const missing = join(copy, 'dist', 'release', 'cli.js');
  expect(stderr).toBe(
    `winnode: this copy of the package is not built: ${missing} does not exist.\n` +
      'Install the package again. In a clone of its repository, build it.\n',
  );
  expect(code).toBe(1);
});
