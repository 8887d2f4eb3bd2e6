import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { hostProfile } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { WebSocket } from 'ws';
import { root } from './examples.js';
import { type Start, starter } from './running.js';
import { connectTo, freePort, textOf } from './tcp.js';

// Follows the guides: runs their programs in Windows Node, and uses the servers as a reader does.

const host = describeHost();
const { afUnix } = hostProfile();
const work = resolve(import.meta.dirname, '../.work/guides');

describe.skipIf(host.kind === 'none')(`guides ${host.reason}`, () => {
  let session: Session;
  let start: Start;
  beforeAll(async () => {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    session = await openSession();
    start = starter(session, work);
  }, 200_000);
  afterAll(async () => {
    await session.close();
    rmSync(work, { recursive: true, force: true });
  });

  /** Runs the server and the client of a guide at an address, and checks the answer. */
  async function askByClient(place: string): Promise<void> {
    const server = start('http-server.ts', place);
    await server.prints('Listening on');
    const client = start('http-client.ts', place);
    await client.prints('You asked for /hello');
    await client.end();
    await server.end();
  }

  test('HTTP over AF_UNIX: the same programs over a port', async () => {
    await askByClient(`${await freePort()}`);
  });

  test.skipIf(!afUnix.isPresent)(`HTTP over an AF_UNIX file ${afUnix.reason}`, () =>
    askByClient(String.raw`C:\windows\temp\guide-${process.pid}.sock`),
  );

  test('the proxy of the guide reaches a service, over ports', async () => {
    const service = createServer(({ url }, answer) => answer.end(`You asked for ${url}\n`));
    await once(service.listen(0, '127.0.0.1'), 'listening');
    const to = `tcp|127.0.0.1|${(service.address() as AddressInfo).port}`;
    const from = await freePort();
    const page = readFileSync(join(root, 'docs/guides/proxy-to-go.md'), 'utf8');
    const [, command = ''] = /tofu (proxy ".*")$/m.exec(page) ?? [];
    const args = command
      .replace('8080', `${from}`)
      .replace(/uds\|[^"]*/, to)
      .split(' ');
    expect(args).toHaveLength(3);
    const bin = join(root, 'packages/tofu-reactor/bin/tofu.mjs');
    const proxy = start(bin, ...args.map((each) => each.replaceAll('"', '')));
    await proxy.prints(`Proxy from tcp|127.0.0.1|${from} to ${to}. Ctrl-C ends it.`);
    expect(await textOf(from, '/hello')).toBe('You asked for /hello\n');
    await proxy.end();
    service.close();
  });

  test('the chat sends what a client writes to every client, and has a page', async () => {
    const port = await freePort();
    const chat = start('chat.ts', `${port}`);
    await chat.prints('Listening on');
    expect(await textOf(port, '/')).toContain('new WebSocket');
    const clients = Array.from({ length: 5 }, () => new WebSocket(`ws://127.0.0.1:${port}`));
    await Promise.all(clients.map((client) => once(client, 'open')));
    const heard = clients.map((client) => once(client, 'message'));
    clients[0]?.send('hello, all');
    for (const [text] of await Promise.all(heard)) expect(String(text)).toBe('hello, all');
    const [tooLong] = [clients[1] as WebSocket];
    tooLong.send('x'.repeat(5_000));
    expect((await once(tooLong, 'close'))[0]).toBe(1_009);
    for (const client of clients) client.terminate();
    await chat.end();
  });

  test('500 idle clients stay while one is served', async () => {
    const port = await freePort();
    const server = start('idle-clients.ts', `${port}`);
    await server.prints('Listening on');
    const idle = await Promise.all(Array.from({ length: 500 }, () => connectTo(port)));
    const active = await connectTo(port);
    active.write('hello');
    expect(String((await once(active, 'data'))[0])).toBe('You are one of 501\n');
    await server.prints('501 clients,');
    for (const socket of [...idle, active]) socket.destroy();
    await server.prints('\n0 clients,');
    await server.end();
  });
});
