import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { NtStatusError, WsaError } from 'ntdllx';
import { chunkBytes, type EchoConnection, EchoServer, type SocketPoll } from 'poc-stage2-echo';
import { expectAs } from 'test-kit';
import {
  type ClientSkt,
  type ListenerSkt,
  type Skt,
  type SktAddress,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { afterEach, expect, test } from 'vitest';
import { echoOnce, Inbox, newClient, pattern, startServer, until } from './clients.js';

// Failures that a server must survive: first bugs of the program and calls that the system refuses,
// which no client can cause, then failures that clients cause.

const open: Skt[] = [];
const servers: EchoServer[] = [];
const local = () => new TCPServerAddress('127.0.0.1', 0);

afterEach(() => {
  for (const skt of open.splice(0)) skt.close();
  // This also runs after a failed test, so that the next test finds no leftovers.
  for (const server of servers.splice(0)) server.close();
});

function keep<T extends EchoServer>(server: T): T {
  servers.push(server);
  return server;
}

function connect(server: EchoServer): ClientSkt {
  const { host, port } = server.endpoint;
  const skt = new SocketCreator().fromAddress(new TCPClientAddress(host, port));
  open.push(skt);
  skt.connect();
  return skt;
}

async function connectThree(server: EchoServer): Promise<ClientSkt[]> {
  const clients = [connect(server), connect(server), connect(server)];
  for (let turn = 0; server.open < 3 && turn < 500; turn += 1) server.turn(10);
  expect(server.open).toBe(3);
  return clients;
}

/**
 * Every client sends something. Then the port has a packet for each, and one call removes them
 * all.
 */
async function sendFromAll(clients: readonly ClientSkt[]): Promise<void> {
  for (const skt of clients) skt.send(Buffer.from('hello'));
  await pause(50);
}

async function receivedBy(skt: ClientSkt): Promise<string> {
  const buffer = Buffer.alloc(64);
  await pause(20);
  try {
    const count = skt.recv(buffer);
    if (count === wouldBlock) return 'nothing';
    return count === 0 ? 'the end' : buffer.toString('utf8', 0, count);
  } catch (error) {
    if (error instanceof WsaError) return error.wsaName;
    throw error;
  }
}

test('an error in one packet ends only its connection, and loses no other packet', async () => {
  class Faulty extends EchoServer {
    #faults = 0;
    protected override serve(connection: EchoConnection): void {
      this.#faults += 1;
      if (this.#faults === 1) throw new TypeError('on purpose');
      super.serve(connection);
    }
  }
  const server = keep(new Faulty(local()));
  const clients = await connectThree(server);
  await sendFromAll(clients);
  expect(() => server.turn(100)).toThrowError('on purpose');
  const received = await Promise.all(clients.map(receivedBy));
  const others = received.filter((word) => word !== 'hello');
  expect(others).toHaveLength(1);
  // The socket was closed with unread data, which is a reset.
  expectAs({ recvAfterReset: others[0] as string });
  expect(server.counts).toMatchObject({ broken: 1, received: 10 });
  expect(server.pendingPolls).toBe(3);
  server.close();
});

/** Creates real sockets, and shows the listener to the test. */
class ShowingCreator extends SocketCreator {
  listener: ListenerSkt | undefined;
  override fromAddress(address: SktAddress): never {
    const skt = super.fromAddress(address);
    if (skt.kind === 'listener') this.listener = skt;
    return skt as never;
  }
}

test('a listener that other code closes does not disturb the connections or close', async () => {
  const creator = new ShowingCreator();
  const server = keep(new EchoServer(local(), creator));
  const clients = await connectThree(server);
  creator.listener?.close();
  await sendFromAll(clients);
  for (let turn = 0; turn < 4; turn += 1) server.turn(20);
  expect(await Promise.all(clients.map(receivedBy))).toEqual(['hello', 'hello', 'hello']);
  expect(server.pendingPolls).toBe(3);
  server.close();
});

test('an error in accept loses no packet, and the client is accepted after a pause', async () => {
  const creator = new ShowingCreator();
  const server = keep(new EchoServer(local(), creator));
  const clients = await connectThree(server);
  const listener = creator.listener as ListenerSkt;
  listener.accept = () => {
    Reflect.deleteProperty(listener, 'accept');
    throw new TypeError('on purpose');
  };
  connect(server);
  await pause(20);
  await sendFromAll(clients);
  expect(() => server.turn(100)).toThrowError('on purpose');
  expect(await Promise.all(clients.map(receivedBy))).toEqual(['hello', 'hello', 'hello']);
  for (let turn = 0; server.open < 4 && turn < 50; turn += 1) server.turn(20);
  expect(server.open).toBe(4);
  server.close();
});

test('a listener repeats a refused poll until NT accepts it', async () => {
  let refusals = 0;
  class Refused extends EchoServer {
    protected override armListener(poll: SocketPoll): void {
      // The first poll is submitted; the next two are refused.
      refusals += 1;
      // STATUS_INSUFFICIENT_RESOURCES
      if ([2, 3].includes(refusals)) throw new NtStatusError('NtDeviceIoControlFile', 0xc000_009a);
      super.armListener(poll);
    }
  }
  const server = keep(new Refused(local()));
  connect(server);
  while (server.open < 1) server.turn(10);
  expect(server.pendingPolls).toBe(1);
  connect(server);
  // A long wait must end when the listener's pause ends. A wait that does not would exceed the
  // test's time-out.
  while (server.open < 2) server.turn(40_000);
  expect(refusals).toBeGreaterThanOrEqual(4);
  server.close();
});

test('a refused first poll leaks nothing', () => {
  class Refused extends EchoServer {
    protected override armListener(): void {
      throw new NtStatusError('NtDeviceIoControlFile', 0xc000_009a);
    }
  }
  const creator = new ShowingCreator();
  expect(() => new Refused(local(), creator)).toThrowError(/NtDeviceIoControlFile/);
  expect(creator.listener?.isOpen).toBe(false);
});

/** A server that shows its connections to the test. */
class Showing extends EchoServer {
  readonly shown: EchoConnection[] = [];
  protected override arm(connection: EchoConnection): void {
    this.shown.push(connection);
    super.arm(connection);
  }
}

test('if a cancel throws, everything is closed and the error is reported', async () => {
  const creator = new ShowingCreator();
  const server = keep(new Showing(local(), creator));
  await connectThree(server);
  const [first] = server.shown;
  (first as EchoConnection).poll.cancel = () => {
    throw new Error('on purpose');
  };
  expect(() => server.close()).toThrowError('on purpose');
  expect(server.pendingPolls).toBe(0);
  expect(creator.listener?.isOpen).toBe(false);
  expect(server.shown.some(({ skt }) => skt.isOpen)).toBe(false);
});

test('a connection whose close throws has ended, and is counted once', async () => {
  const server = keep(new Showing(local()));
  const [client] = await connectThree(server);
  for (const { skt } of server.shown) {
    skt.close = () => {
      Reflect.deleteProperty(skt, 'close');
      skt.close();
      throw new NtStatusError('closesocket', 0xc000_009a);
    };
  }
  client?.close();
  for (let turn = 0; server.counts.ended === 0 && turn < 50; turn += 1) server.turn(20);
  expect(server.counts).toMatchObject({ ended: 1, broken: 0 });
  expect(server.open).toBe(2);
  expect(() => server.close()).toThrowError(/closesocket/);
});

test('X01 a client that resets does not affect the others', async () => {
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

test('60 clients reset at random moments; one other client is not affected', async () => {
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

test('W02 for a client that does not read the server keeps at most one chunk', async () => {
  const server = startServer();
  const [greedy, other] = [await newClient(server), await newClient(server)];
  const inbox = new Inbox(greedy);
  greedy.pause();
  const sent = pattern(2 ** 24);
  greedy.write(sent);
  await until(server, () => server.unsentBytes > 0);
  // This measures no time: it checks that the other client is served while the first one does not
  // read, without a busy loop.
  for (let round = 0; round < 20; round += 1) await echoOnce(server, other, 'me too');
  expect(server.unsentBytes).toBeLessThanOrEqual(chunkBytes);
  const { packets } = server.counts;
  server.turn(100);
  await pause(100);
  server.turn(100);
  expect(server.counts.packets - packets).toBeLessThan(5);
  greedy.resume();
  await until(server, () => inbox.byteLength === sent.byteLength);
  expect(inbox.bytes.equals(sent)).toBe(true);
  expect(server.unsentBytes).toBe(0);
});

test('a client that half-closes before it reads gets all its bytes', async () => {
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

test('a refused poll closes its connection only', async () => {
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

/**
 * Creates real sockets, but one accept fails with an error that a test cannot provoke in the
 * system.
 */
class OneFailingAccept extends SocketCreator {
  readonly #error: WsaError;

  constructor(wsaCode: number) {
    super();
    this.#error = new WsaError('accept', wsaCode);
  }

  override fromAddress(address: SktAddress): never {
    const skt = super.fromAddress(address) as ListenerSkt;
    const accept = skt.accept.bind(skt);
    let isFirst = true;
    skt.accept = () => {
      if (!isFirst) return accept();
      isFirst = false;
      throw this.#error;
    };
    return skt as never;
  }
}

test.each([
  ['WSAECONNRESET accepts the next client at once', 10_054, 1],
  ['WSAENOBUFS polls again after a pause', 10_055, 2],
] as const)('a server whose accept fails with %s', async (_name, wsaCode, packetsOfListener) => {
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
