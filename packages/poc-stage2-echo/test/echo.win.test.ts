import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { echoOnce, Inbox, newClient, pattern, startServer, until } from './clients.js';

test('A01 A02 the server accepts exactly one connection for one client', async () => {
  const server = startServer();
  expect(server.turn(0)).toBe(0);
  await newClient(server);
  expect(server.counts).toMatchObject({ accepted: 1, packets: 1 });
  expect(server.turn(20)).toBe(0);
  expect(server.pendingPolls).toBe(2);
});

test('A03 all waiting clients are accepted', async () => {
  const server = startServer();
  await Promise.all(Array.from({ length: 5 }, () => newClient(server)));
  expect(server.counts.accepted).toBe(5);
  expect(server.open).toBe(5);
});

test('A07 closing a server ends a client in its backlog', async () => {
  const server = startServer();
  const { host, port } = server.endpoint;
  const waiting = connect({ host, port });
  await once(waiting, 'connect');
  const closed = new Promise((done) => waiting.on('error', () => {}).on('close', done));
  server.close();
  server.close();
  await closed;
  expect(server.counts.accepted).toBe(0);
});

test('R01 an idle connection makes no packet; one byte makes one packet', async () => {
  const server = startServer();
  const socket = await newClient(server);
  expect(server.turn(20)).toBe(0);
  const before = server.counts.packets;
  await echoOnce(server, socket, 'x');
  expect(server.counts.packets - before).toBe(1);
});

test('E03 all 256 values of a byte are echoed', async () => {
  const server = startServer();
  const socket = await newClient(server);
  const inbox = new Inbox(socket);
  const every = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
  socket.write(every);
  await until(server, () => inbox.byteLength === 256);
  expect(inbox.bytes.equals(every)).toBe(true);
});

test('H01 a client that half-closes gets the end of the stream', async () => {
  const server = startServer();
  const socket = await newClient(server, { allowHalfOpen: true });
  const inbox = new Inbox(socket);
  socket.end();
  await until(server, () => inbox.isEnded);
  expect(server.counts.ended).toBe(1);
});

test('a client that half-closes after 1 MiB receives 1 MiB and then the end', async () => {
  const server = startServer();
  const socket = await newClient(server, { allowHalfOpen: true });
  const inbox = new Inbox(socket);
  const sent = pattern(2 ** 20);
  socket.end(sent);
  await until(server, () => inbox.isEnded);
  expect(inbox.bytes.equals(sent)).toBe(true);
  expect(server.counts).toMatchObject({ ended: 1, broken: 0, received: 2 ** 20, sent: 2 ** 20 });
});

test('R02 data sent in pieces are echoed whole and in order', async () => {
  const server = startServer();
  const socket = await newClient(server);
  const inbox = new Inbox(socket);
  for (const piece of ['ab', 'c', 'de', 'fgh']) {
    socket.write(piece);
    await until(server, () => inbox.bytes.toString().endsWith(piece));
  }
  expect(inbox.bytes.toString()).toBe('abcdefgh');
});

describe('failures', async () => void (await import('./trouble.js')));
