import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { runScript } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { build, main, serve } from './serve.js';

const host = describeHost();

describe.skipIf(host.kind === 'none')(`the echo server ${host.reason}`, () => {
  // All tests share one wineserver, so that each starts quickly.
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  // On Windows a program cannot send Ctrl-C to one other program only.
  test.skipIf(process.platform === 'win32')(
    'the server runs until Ctrl-C, and prints its counts',
    async () => {
      const { child, ended } = serve('--address', 'tcp|127.0.0.1|0');
      let stdout = '';
      const port = await new Promise<number>((done) => {
        child.stdout.on('data', (text) => {
          stdout += text;
          const found = /port (\d+)/.exec(stdout)?.[1];
          if (found !== undefined) done(Number(found));
        });
      });
      const client = connect(port, '127.0.0.1');
      client.end('Tofu Engine');
      let answer = '';
      for await (const text of client) answer += text;
      expect(answer).toBe('Tofu Engine');
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: 0, stderr: '' });
      expect(stdout).toMatch(
        /^Echo server on 127\.0\.0\.1 port \d+\. Try: nc 127\.0\.0\.1 \d+\. Ctrl/,
      );
      expect(stdout.trimEnd().split('\n').slice(-2)).toEqual([
        'Connections: 1; 1 ended by clients, 0 failed, 0 still open',
        '11 bytes in, 11 out',
      ]);
    },
  );

  test('a port in use gives one message and exit code 2', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as { port: number };
    const { code, stderr } = await serve('--address', `tcp|127.0.0.1|${port}`).ended;
    holder.close();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Cannot listen on tcp\|127.*: bind failed with WSAEADDRINUSE .*\n$/);
  });

  test.each([
    [['--adress', 'x'], /^Unknown option '--adress'\. Known: /],
    [['--port', '80'], /^--serve can be combined only with --address, --build, /],
  ])('%j gives one message and exit code 2', async (args, message) => {
    // Rejected before Windows Node is needed.
    const { status, stdout, stderr } = await runScript(main, ['--serve', build, ...args]);
    expect({ code: status, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
