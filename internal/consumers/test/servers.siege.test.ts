import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { examples } from './examples.js';
import { connectTo, echo, freePort } from './tcp.js';

// Runs the servers of the READMEs, and the programs that the documentation shows, in Windows Node,
// and uses them from the host.

const host = describeHost();
const work = resolve(import.meta.dirname, '../.work/servers');
/** The programs that the documentation shows. */
const programs = readdirSync(resolve(import.meta.dirname, '../programs')).map((file) => ({
  name: `programs/${file}`,
  file,
  code: readFileSync(resolve(import.meta.dirname, '../programs', file), 'utf8'),
}));
/** Programs that guides.siege.test.ts runs. */
const ofGuides = ['chat.ts', 'http-client.ts', 'http-server.ts', 'idle-clients.ts'];
const others = programs.filter(({ file }) => !ofGuides.includes(file));
const servers = [...examples, ...others].filter(({ code }) =>
  /TCPServerAddress\('127\.0\.0\.1', 7099\)|\.listen\(\{ port: 7099\b/.test(code),
);
/** The expected output of the programs that end by themselves. */
const prints: Record<string, RegExp> = {
  'grpc.mjs': /^hello, tofu$/m,
  'path-errors.ts': /^node:net listens: listen EACCES: permission denied C:/m,
  'poll.ts': /^socket true$/m,
  'udp.ts': /^hello from port \d+$/m,
  'workers.ts': /^progress 25\r?\nprogress 50\r?\nprogress 75\r?\nprogress 100$/m,
  'trace.ts': /^\d+ calls are in trace\.json$/m,
};

describe.skipIf(host.kind === 'none')(`servers ${host.reason}`, () => {
  let session: Session;
  beforeAll(async () => {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    session = await openSession();
  }, 200_000);
  afterAll(async () => {
    await session.close();
    rmSync(work, { recursive: true, force: true });
  });

  test('the servers are in three READMEs and two programs; all other programs end', () => {
    const names = servers.map(({ name }) => name.replace(/^packages\//, ''));
    expect(names.sort()).toEqual([
      'README.md 1',
      'afd-poller/README.md 1',
      'afd-poller/README.md 2',
      'programs/echo-limits.ts',
      'programs/echo.ts',
      'tofu-reactor/README.md 1',
    ]);
    const ending = others.filter((each) => !servers.includes(each)).map(({ file }) => file);
    expect(ending.sort()).toEqual(Object.keys(prints).sort());
  });

  test.each(Object.entries(prints))(
    'the program %s prints the documented output',
    async (file, pattern) => {
      const code = programs.find((each) => each.file === file)?.code ?? '';
      const place = join(work, file);
      writeFileSync(place, code);
      let output = '';
      const args = file === 'grpc.mjs' ? [`${await freePort()}`] : [];
      const { exitCode } = await session.run([place, ...args], {
        cwd: work,
        stdio: ['ignore', 'pipe', 'inherit'],
        onSpawn: (child) => child.stdout?.on('data', (data) => (output += data)),
      });
      expect(output).toMatch(pattern);
      expect(exitCode).toBe(0);
    },
  );

  test.each(servers)(
    '$name echoes to four clients while a fifth resets its connection',
    async (server) => {
      const port = await freePort();
      const file = join(work, server.file);
      writeFileSync(file, server.code.replace('7099', `${port}`));
      let child: ChildProcess | undefined;
      const run = session.run([file], {
        stdio: ['ignore', 'ignore', 'inherit'],
        onSpawn: (started) => (child = started),
      });
      const sent = Array.from({ length: 4 }, (_, at) => Buffer.alloc(700_001 * (at + 1), `${at}`));
      const rude = await connectTo(port);
      rude.write('to be reset');
      const received = sent.map((bytes) => echo(port, bytes));
      await once(rude, 'data');
      rude.resetAndDestroy();
      for (const [at, bytes] of sent.entries()) {
        expect((await received[at])?.equals(bytes), `client ${at}`).toBe(true);
      }
      expect((await echo(port, Buffer.from('still there'))).toString()).toBe('still there');
      child?.kill('SIGKILL');
      await run;
    },
  );
});
