import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { WsaError } from 'ntdllx';
import { chunkBytes, EchoServer } from 'poc-stage2-echo';
import { type Skt, type SktAddress, SocketCreator, TCPServerAddress } from 'tofu-sockets';
import { expect, test } from 'vitest';
import { echoOnce, Inbox, newClient, pattern, startServer, until } from './clients.js';

test('X01 a client that resets costs nobody else anything', async () => {
  const server = startServer();
  const [victim, witness] = [await newClient(server), await newClient(server)];
  await echoOnce(server, victim, 'before');
  victim.resetAndDestroy();
  await until(server, () => server.counts.broken === 1);
  await echoOnce(server, witness, 'still here');
  const { packets } = server.counts;
  expect(server.turn(50)).toBe(0);
  expect(server.counts.packets).toBe(packets);
});

test('clients that reset at any moment, 60 of them, and one that stays', async () => {
  const server = startServer();
  const witness = await newClient(server);
  const bytes = pattern(300_000);
  for (let round = 0; round < 60; round += 1) {
    const victim = await newClient(server);
    victim.write(bytes.subarray(0, (round * 5_000) % bytes.byteLength));
    for (let turn = 0; turn < round % 7; turn += 1) server.turn(0);
    victim.resetAndDestroy();
    if (round % 10 === 0) await echoOnce(server, witness, `round ${round}`);
  }
  await until(server, () => server.open === 1);
  await echoOnce(server, witness, 'still here');
  expect(server.counts.ended + server.counts.broken).toBe(60);
});

test('W02 a client that does not read: one chunk is kept, the rest waits in TCP', async () => {
  const server = startServer();
  const [greedy, other] = [await newClient(server), await newClient(server)];
  const inbox = new Inbox(greedy);
  greedy.pause();
  const sent = pattern(2 ** 24);
  greedy.write(sent);
  await until(server, () => server.unsentBytes > 0);
  // Not a timed claim: the other one is served while the first is stuck, and nothing spins.
  for (let round = 0; round < 20; round += 1) await echoOnce(server, other, 'me too');
  expect(server.unsentBytes).toBeLessThanOrEqual(chunkBytes);
  const { packets } = server.counts;
  server.turn(100);
  await setTimeout(100);
  server.turn(100);
  expect(server.counts.packets - packets).toBeLessThan(5);
  greedy.resume();
  await until(server, () => inbox.byteLength === sent.byteLength);
  expect(inbox.bytes.equals(sent)).toBe(true);
  expect(server.unsentBytes).toBe(0);
});

test('200 silent ones, and one that never reads: the others are served', async () => {
  const server = startServer();
  for (let count = 0; count < 200; count += 1) await newClient(server);
  const greedy = await newClient(server);
  greedy.pause().write(pattern(2 ** 23));
  await until(server, () => server.unsentBytes > 0);
  const active = await Promise.all(Array.from({ length: 5 }, () => newClient(server)));
  for (let round = 0; round < 10; round += 1) {
    for (const socket of active) await echoOnce(server, socket, `round ${round}`);
  }
  expect(server.open).toBe(206);
  expect(server.pendingPolls).toBe(207);
});

test('a client that ends while its bytes wait still gets all of them', async () => {
  const server = startServer();
  const socket = await newClient(server, { allowHalfOpen: true });
  const inbox = new Inbox(socket);
  socket.pause();
  const sent = pattern(2 ** 23);
  socket.end(sent);
  await until(server, () => server.unsentBytes > 0);
  socket.resume();
  await until(server, () => inbox.isEnded);
  expect(inbox.bytes.equals(sent)).toBe(true);
  expect(server.counts).toMatchObject({ ended: 1, broken: 0 });
});

test('a connection whose next poll is refused is closed, alone', async () => {
  class Forgetful extends EchoServer {
    protected override arm(connection: Parameters<EchoServer['arm']>[0]): void {
      if (this.counts.received > 0 && this.counts.broken === 0) connection.skt.close();
      super.arm(connection);
    }
  }
  const server = startServer(Forgetful);
  const [victim, witness] = [await newClient(server), await newClient(server)];
  const closed = once(victim.resume(), 'close');
  victim.write('x');
  await until(server, () => server.counts.broken === 1);
  await closed;
  await echoOnce(server, witness, 'still here');
});

/** The real sockets, but for one accept that fails as it cannot be made to. */
class OneFailingAccept extends SocketCreator {
  readonly #error: WsaError;

  constructor(wsaCode: number) {
    super();
    this.#error = new WsaError('accept', wsaCode);
  }

  override fromAddress(address: SktAddress): Skt {
    const skt = super.fromAddress(address);
    const accept = skt.accept.bind(skt);
    let isFirst = true;
    skt.accept = () => {
      if (!isFirst) return accept();
      isFirst = false;
      throw this.#error;
    };
    return skt;
  }
}

test.each([
  ['WSAECONNRESET: the next one is accepted at once', 10_054, 1],
  ['WSAENOBUFS: after a rest, by another poll', 10_055, 2],
] as const)('an accept that fails with %s', async (_name, wsaCode, packetsOfListener) => {
  const address = new TCPServerAddress('127.0.0.1', 0);
  const server = new EchoServer(address, new OneFailingAccept(wsaCode));
  try {
    const socket = await newClient(server);
    await echoOnce(server, socket, 'hello');
    expect(server.counts.packets).toBe(packetsOfListener + 1);
  } finally {
    server.close();
  }
});

test('a server that cannot listen leaves nothing open', () => {
  const server = startServer();
  const { host, port } = server.endpoint;
  expect(() => new EchoServer(new TCPServerAddress(host, port))).toThrowError(/WSAEADDRINUSE/);
});
