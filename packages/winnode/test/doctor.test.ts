import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnose, type Item, isWell, openSession, type Session } from 'winnode';
import { crash, host, winnode, winnodeHere } from './cli.js';

const scratch = mkdtempSync(join(tmpdir(), 'winnode doctor '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const root = join(import.meta.dirname, '../../..');
const namesOf = (items: readonly Item[]) => items.map(({ name }) => name);
const read = (stdout: string) => JSON.parse(stdout) as { ok: boolean; items: Item[] };

/** A project with an ntdllx of this text. */
function project(name: string, probe?: string): string {
  const directory = join(scratch, name);
  const ntdllx = join(directory, 'node_modules', 'ntdllx');
  mkdirSync(ntdllx, { recursive: true });
  const entry = probe === undefined ? '.' : './probe';
  const exports = { [entry]: './probe.js', './package.json': './package.json' };
  writeFileSync(join(ntdllx, 'package.json'), JSON.stringify({ type: 'module', exports }));
  writeFileSync(join(ntdllx, 'probe.js'), probe ?? '');
  return directory;
}

describe.skipIf(host.kind === 'none')(`winnode doctor ${host.reason}`, () => {
  const outer = host.kind === 'wine' ? ['host', 'Wine', 'Windows Node'] : ['host', 'Windows Node'];

  // One wineserver for all of these, so that each starts quickly.
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  test('finds this host well, from the top of the repository', async () => {
    const { code, stdout, stderr } = await winnode(['doctor', '--json'], { cwd: root });
    expect(stderr).toBe('');
    const { ok, items } = read(stdout);
    expect(namesOf(items).slice(0, outer.length + 3)).toEqual([
      ...outer,
      'koffi',
      'AFD',
      'AF_UNIX',
    ]);
    expect(namesOf(items)).toContain('NtAssociateWaitCompletionPacket');
    expect(namesOf(items)).toContain('ProcessSocketNotifications');
    for (const item of items.filter(({ isNecessary }) => isNecessary)) {
      // What nt-findings says is the affair of its own tests, which run where it is built.
      const verdict = item.name === 'AFD' ? expect.stringMatching(/^(ok|skipped)$/) : 'ok';
      expect(item, item.detail).toMatchObject({ verdict, hint: '' });
    }
    expect(items.find(({ name }) => name === 'koffi')?.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(items.find(({ name }) => name === 'Windows Node')?.version).toBe(host.windowsNode);
    expect({ ok, code }).toEqual({ ok: true, code: 0 });
  });

  test('prints a line for each thing', async () => {
    const { code, stdout } = await winnode(['doctor'], { cwd: root });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {10}koffi +\d+\.\d+\.\d+, loads$/m);
    expect(stdout).toMatch(/^(ok|skipped) +AFD /m);
    expect(stdout).toMatch(/^(missing|ok) +NtSetIoCompletionEx .+\(optional\)$/m);
  });

  test('in a project without ntdllx the rest is skipped, and that is no failure', async () => {
    for (const [cwd, said] of [
      [scratch, 'has no ntdllx to ask'],
      [project('old'), 'has an ntdllx that is too old to be asked'],
    ] as const) {
      const items = await diagnose({ cwd });
      expect(items.find(({ name }) => name === 'AFD')).toMatchObject({
        verdict: 'skipped',
        detail: `${cwd} ${said}`,
      });
      expect(isWell(items)).toBe(true);
    }
  });

  test('an ntdllx that nobody built is a failure, with what to do', async () => {
    const cwd = project('not built', '');
    rmSync(join(cwd, 'node_modules', 'ntdllx', 'probe.js'));
    const items = await diagnose({ cwd });
    expect(items.at(-1)).toMatchObject({ name: 'ntdllx', verdict: 'missing' });
    expect(items.at(-1)?.hint).toContain('npm run setup');
    expect(isWell(items)).toBe(false);
  });

  test('a crash on the way names what was tried, and keeps what was seen', async () => {
    const koffi = { name: 'koffi', isNecessary: true, verdict: 'ok', version: '1', detail: '' };
    const probe = `export function* probeNt() {
      yield ${JSON.stringify({ ...koffi, hint: '' })};
      ${crash};
    }`;
    const items = await diagnose({ cwd: project('crash', probe) });
    expect(isWell(items)).toBe(false);
    expect(items.slice(-2)).toMatchObject([
      { name: 'AF_UNIX', verdict: 'skipped', detail: 'the project has no nt-findings to ask' },
      {
        name: 'optional calls',
        verdict: 'failed',
        detail: expect.stringContaining('died: exit code 134'),
      },
    ]);
  });

  test('what failed in there is a failure, with what to do', async () => {
    const item = { name: 'koffi', isNecessary: true, verdict: 'missing', version: '' };
    const fact = JSON.stringify({ ...item, detail: 'koffi does not load', hint: 'Install it.' });
    const cwd = project('missing', `export function* probeNt() { yield ${fact}; }`);
    const { code, stdout } = await winnode(['doctor'], { cwd });
    expect(stdout).toMatch(/^missing +koffi +koffi does not load\n +Install it\.$/m);
    expect(code).toBe(1);
  });
});

test.skipIf(process.platform === 'win32')(
  'without Wine or Windows Node it says what to type, exit code 1',
  async () => {
    for (const [variable, name] of [
      ['WINNODE_WINE', 'Wine'],
      ['WINNODE_NODE', 'Windows Node'],
    ] as const) {
      const { code, stdout } = await winnodeHere(['doctor', '--json'], { [variable]: '/nowhere' });
      const { ok, items } = read(stdout);
      const item = items.find((each) => each.name === name);
      expect(item).toMatchObject({ verdict: 'missing', isNecessary: true });
      expect(item?.hint).toContain('unset it');
      expect(items.find((each) => each.name === 'AFD')?.verdict).toBe('skipped');
      expect({ ok, code }).toEqual({ ok: false, code: 1 });
    }
  },
);

test.skipIf(host.kind !== 'wine')('a prefix that cannot be used is a failure', async () => {
  const env = { ...process.env, WINNODE_PREFIX: join(import.meta.dirname) };
  const items = await diagnose({ env });
  const item = items.find(({ verdict }) => verdict === 'failed');
  expect(item).toMatchObject({ name: 'a run in Windows Node', isNecessary: true });
  expect(item?.detail).toContain('was not made by winnode');
  expect(isWell(items)).toBe(false);
});
