import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findWine, openSession, prefixWine } from 'winnode';
import { host, start, winnode } from './cli.js';

const cache = mkdtempSync(join(tmpdir(), 'winnode cache '));
const env = { ...process.env, WINNODE_CACHE: cache };

function prefix(): string {
  const [name, ...others] = readdirSync(cache);
  expect(others).toEqual([]);
  return join(cache, name as string);
}

function isServerRunning(): boolean {
  const { server } = findWine();
  return spawnSync(server, ['-k0'], { env: { ...env, WINEPREFIX: prefix() } }).status === 0;
}

/** Every process, zombies aside, whose prefix is this directory or in it. */
function processesOf(directory: string): string[] {
  const found = spawnSync('grep', ['-lzsF', `WINEPREFIX=${directory}`, ...environments()], {
    encoding: 'utf8',
  });
  return found.stdout.split('\n').filter((file) => file !== '');
}

/** Those of them that are a Windows Node. */
function programsOf(directory: string): string[] {
  return processesOf(directory).filter((file) => {
    const commandLine = file.replace('environ', 'cmdline');
    return existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes('node.exe');
  });
}

function environments(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `/proc/${pid}/environ`);
}

const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

// In order: the first test makes the prefix for the others.
describe.skipIf(host.kind !== 'wine')(`a prefix of its own ${reason}`, () => {
  afterAll(() => {
    if (readdirSync(cache).length > 0) {
      spawnSync(findWine().server, ['-k'], { env: { ...env, WINEPREFIX: prefix() } });
    }
    rmSync(cache, { recursive: true, force: true });
  });

  test('a first run that is interrupted leaves nothing', async () => {
    const interrupted = start(['-p', '1'], { env });
    await expect.poll(() => readdirSync(cache).join(), { timeout: 10_000 }).toMatch(/\.making-/);
    await new Promise((done) => setTimeout(done, 500));
    interrupted.child.kill('SIGINT');
    expect(await interrupted.ended).toMatchObject({ code: null, signal: 'SIGINT', stdout: '' });
    expect(readdirSync(cache)).toEqual([]);
    expect(processesOf(cache)).toEqual([]);
  });

  test('two first runs at once make it once, and both run', { timeout: 120_000 }, async () => {
    const runs = await Promise.all([
      winnode(['-p', '1 + 1'], { env }),
      winnode(['-p', '2 + 2'], { env }),
    ]);
    expect(runs.map(({ stdout }) => stdout)).toEqual(['2\n', '4\n']);
    const made = runs.filter(({ stderr }) => stderr.includes('Making a Wine prefix in'));
    expect(made).toHaveLength(1);
    const waited = runs.filter(({ stderr }) => stderr.includes('Waiting for another winnode'));
    expect(waited).toHaveLength(1);
    expect(prefixWine(prefix())).toBe(host.wine);
  });

  test('it is small: what Wine copied in is shared with Wine', () => {
    const kilobytes = execFileSync('du', ['-sk', prefix()], { encoding: 'utf8' }).split('\t')[0];
    expect(Number(kilobytes)).toBeLessThan(80_000);
  });

  test('nothing runs when the last user is gone', () => {
    expect(isServerRunning()).toBe(false);
    expect(processesOf(prefix())).toEqual([]);
  });

  test('a short run beside a long one does not hurt it, whoever came first', async () => {
    const source = `process.stdout.write('up\\n'); setTimeout(() => console.log('alive'), 1500)`;
    for (const isLongFirst of [true, false]) {
      const short = isLongFirst ? undefined : start(['-e', 'setTimeout(() => {}, 300)'], { env });
      const long = start(['-e', source], { env });
      await long.saw('up');
      if (isLongFirst) expect((await winnode(['-e', '0'], { env })).code).toBe(0);
      else expect((await short?.ended)?.code).toBe(0);
      expect(await long.ended).toMatchObject({ code: 0, stdout: 'up\nalive\n', stderr: '' });
      expect(isServerRunning()).toBe(false);
    }
  });

  test('a session keeps the server between runs and ends it', async () => {
    const session = await openSession({ env });
    const run = () => session.run(['-e', 'process.exitCode = 3'], { stdio: 'ignore' });
    expect(await run()).toEqual({ exitCode: 3, signal: null });
    expect(isServerRunning()).toBe(true);
    expect(await run()).toEqual({ exitCode: 3, signal: null });
    await session.close();
    await session.close();
    expect(isServerRunning()).toBe(false);
  });

  test('a run that was killed takes its program with it, and the next one tidies up', async () => {
    const killed = start(['-e', `console.log('up'); setInterval(() => {}, 1000)`], { env });
    await killed.saw('up');
    expect(programsOf(prefix())).toHaveLength(1);
    killed.child.kill('SIGKILL');
    await expect.poll(() => programsOf(prefix())).toEqual([]);
    expect(isServerRunning()).toBe(true);
    expect((await winnode(['-e', '0'], { env })).code).toBe(0);
    expect(isServerRunning()).toBe(false);
  });

  test('a server that somebody else started is used and not ended', async () => {
    const wine = findWine();
    const theirs = { ...env, WINEPREFIX: prefix(), WINEDEBUG: '-all' };
    // What a run that was killed leaves behind does not make it ours.
    writeFileSync(join(prefix(), '.winnode', 'wineserver-by-winnode'), '1 12345');
    execFileSync(wine.server, ['-p20'], { env: theirs, stdio: 'ignore' });
    expect((await winnode(['-p', '3'], { env })).stdout).toBe('3\n');
    expect(isServerRunning()).toBe(true);
    execFileSync(wine.server, ['-k'], { env: theirs });
  });

  test('leftovers of a first run that died are cleared away', () => {
    expect(readdirSync(cache).filter((name) => /making|lock/.test(name))).toEqual([]);
    expect(existsSync(join(prefix(), 'drive_c'))).toBe(true);
  });
});
