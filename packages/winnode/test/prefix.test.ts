import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  findWindowsNode,
  findWine,
  openSession,
  prefixWine,
  runWindowsNode,
  type Session,
} from 'winnode';
import { nodeIn, wineEnvironment } from 'winnode/internal';
import { host, runIn, start } from './cli.js';
import {
  cacheEnvironment,
  copyPrefix,
  makeCache,
  prefixesIn,
  prefixIn,
  processesOf,
  programsOf,
  removeCache,
} from './prefixes.js';

const cache = host.kind === 'wine' ? makeCache() : '';
const env = cacheEnvironment(cache);
const prefix = () => prefixIn(cache);

function isServerRunning(): boolean {
  const { server } = findWine();
  return spawnSync(server, ['-k0'], { env: wineEnvironment(prefix(), env) }).status === 0;
}

const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

describe.skipIf(host.kind !== 'wine')(`the prefix of winnode ${reason}`, () => {
  afterAll(() => removeCache(cache));

  test('an interrupted first run leaves no files', async () => {
    const interrupted = start(['-p', '1'], { env });
    await expect.poll(() => readdirSync(cache).join()).toMatch(/\.making-/);
    await new Promise((done) => setTimeout(done, 500));
    interrupted.child.kill('SIGINT');
    expect(await interrupted.ended).toMatchObject({ code: null, signal: 'SIGINT', stdout: '' });
    expect(prefixesIn(cache)).toEqual([]);
    expect(processesOf(cache)).toEqual([]);
  });

  test('a prefix is small: it links to the files of Wine instead of copies', async () => {
    await copyPrefix(prefix());
    expect(prefixWine(prefix())).toBe(host.wine);
    const kilobytes = execFileSync('du', ['-sk', prefix()], { encoding: 'utf8' }).split('\t')[0];
    expect(Number(kilobytes)).toBeLessThan(80_000);
    expect(nodeIn(prefix(), findWindowsNode())).toMatch(/\.winnode\/node-.+\/node\.exe$/);
  });

  describe('with one wineserver', () => {
    let session: Session;
    beforeAll(async () => {
      session = await openSession({ env });
    });
    afterAll(() => session.close());

    test('programs work without the files, drives and interfaces that a prefix omits', async () => {
      const source = `
        const fs = require('node:fs');
        const os = require('node:os');
        const { dev, size } = fs.statSync(process.execPath);
        const names = Object.keys(os.networkInterfaces());
        console.log(JSON.stringify({
          hasVolume: dev !== 0, isFile: size > 0, drives: [fs.existsSync('C:/windows'), fs.existsSync('Z:/')],
          hasSpace: fs.statfsSync('Z:/').blocks > 0, hasInterfaces: names.length > 0,
          real: fs.realpathSync.native('Z:/') }));`;
      const { stdout } = await runIn(session, ['-e', source]);
      expect(JSON.parse(stdout)).toEqual({
        hasVolume: true,
        isFile: true,
        drives: [true, true],
        hasSpace: true,
        hasInterfaces: true,
        real: 'Z:\\',
      });
    });

    // Wine has a volume number only for the file system of a drive, and / is the drive Z:.
    const rootDevice = host.kind === 'wine' ? statSync('/').dev : 0;
    const place = [cache, '/tmp', '/var/tmp'].find((each) => {
      return host.kind === 'wine' && existsSync(each) && statSync(each).dev === rootDevice;
    });
    const why = place === undefined ? 'needs a directory for files in the file system of /' : '';

    test.skipIf(why)(`Node recognizes that two paths are one file ${why}`, async () => {
      const directory = mkdtempSync(join(place as string, 'winnode-one-file-'));
      onTestFinished(() => rmSync(directory, { recursive: true }));
      const file = join(directory, 'precious');
      writeFileSync(file, 'precious');
      const copying = `
        const file = ${JSON.stringify(file)};
        fs.promises.cp(file, file).then(() => console.log('copied'), ({ code }) => console.log(code));`;
      const copied = await runIn(session, ['-e', copying]);
      expect(copied.stdout).toBe('ERR_FS_CP_EINVAL\n');
      expect(readFileSync(file, 'utf8')).toBe('precious');
    });

    test('a session keeps the wineserver between runs, and its close ends it', async () => {
      const run = () => session.run(['-e', 'process.exitCode = 3'], { stdio: 'ignore' });
      expect(await run()).toEqual({ exitCode: 3, signal: null });
      expect(isServerRunning()).toBe(true);
      expect(await run()).toEqual({ exitCode: 3, signal: null });
      await session.close();
      await session.close();
      expect(isServerRunning()).toBe(false);
    });
  });

  test('if winnode is killed, its program ends, and the next run removes its files', async () => {
    const killed = start(['-e', `console.log('up'); setInterval(() => {}, 1000)`], { env });
    await killed.saw('up');
    expect(programsOf(prefix())).toHaveLength(1);
    killed.child.kill('SIGKILL');
    await expect.poll(() => programsOf(prefix())).toEqual([]);
    expect(isServerRunning()).toBe(true);
    const next = await runWindowsNode(['-e', '0'], { env, stdio: 'ignore' });
    expect(next.exitCode).toBe(0);
    expect(isServerRunning()).toBe(false);
  });
});
