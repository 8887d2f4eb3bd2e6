import { nativeMemory, WsaError } from 'ntdllx';
import { PingServer, startPingClient } from 'poc-stage3-stress';
import { eventually } from 'test-kit';
import {
  type ClientSkt,
  type ListenerSkt,
  type Skt,
  type SktAddress,
  SocketCreator,
  type StreamSkt,
  TCPClientAddress,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { afterEach, expect, test } from 'vitest';

// Tests of the stage's servers and clients when the system refuses calls.

const open: Skt[] = [];
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

afterEach(() => {
  for (const skt of open.splice(0)) skt.close();
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

function keep<T extends Skt>(skt: T): T {
  open.push(skt);
  return skt;
}

function connect(server: PingServer): ClientSkt {
  const { host, port } = server.endpoint;
  const skt = keep(new SocketCreator().fromAddress(new TCPClientAddress(host, port)));
  skt.connect();
  return skt;
}

/** Creates real sockets. The test sees the listener and may change it. */
class ShowingCreator extends SocketCreator {
  listener: ListenerSkt | undefined;
  override fromAddress(address: SktAddress): never {
    const skt = super.fromAddress(address);
    if (skt.kind === 'listener') this.listener = skt;
    return skt as never;
  }
}

test('a client that closed before its accept does not block the next accept', () => {
  const creator = new ShowingCreator();
  const server = new PingServer(creator);
  const listener = creator.listener as ListenerSkt;
  listener.accept = () => {
    Reflect.deleteProperty(listener, 'accept');
    // Windows does this according to its documentation (unverified); Wine does not.
    throw new WsaError('accept', 10_054);
  };
  connect(server);
  expect(server.turn(1_000)).toBe(1);
  expect(server.open).toBe(1);
  server.close();
});

test('a client that cannot be polled is closed, and turn throws the error', async () => {
  const server = new PingServer();
  const { poller } = server;
  poller.add = () => {
    Reflect.deleteProperty(poller, 'add');
    throw new Error('on purpose');
  };
  const [refused, next] = [connect(server), connect(server)];
  await pause(20);
  expect(() => server.turn(1_000)).toThrowError('on purpose');
  expect(server.open).toBe(0);
  expect(server.counts).toMatchObject({ accepted: 1, broken: 1 });
  expect([0, 'WSAECONNRESET']).toContain(await ended(refused));
  while (server.open === 0) server.turn(100);
  expect(next.isOpen).toBe(true);
  server.close();
});

async function ended(skt: StreamSkt): Promise<number | string> {
  for (;;) {
    try {
      const count = skt.recv(new Uint8Array(1));
      if (count !== wouldBlock) return count;
    } catch (error) {
      return (error as WsaError).wsaName;
    }
    await pause(5);
  }
}

test('if the close of the poller throws, the sockets are still closed', () => {
  const creator = new ShowingCreator();
  const server = new PingServer(creator);
  connect(server);
  while (server.open === 0) server.turn(100);
  const [peer] = server.sockets();
  const { poller } = server;
  poller.close = () => {
    Reflect.deleteProperty(poller, 'close');
    poller.close();
    throw new Error('on purpose');
  };
  expect(() => server.close()).toThrowError('on purpose');
  expect([creator.listener?.isOpen, peer?.isOpen, server.open]).toEqual([false, false, 0]);
});

test('a server that cannot listen leaves nothing open', () => {
  class Refusing extends SocketCreator {
    override fromAddress(): never {
      throw new WsaError('bind', 10_048);
    }
  }
  expect(() => new PingServer(new Refusing())).toThrowError(/WSAEADDRINUSE/);
});

test('a client reports a reset and a missing address, and continues with the next connection', async () => {
  const listener = keep(new SocketCreator().fromAddress(new TCPServerAddress('127.0.0.1', 0)));
  const { host, port } = listener.localEndpoint();
  const client = startPingClient().ready();
  client.send({ connectTo: `tcp|nowhere.example|${port}`, pings: 1 });
  expect(() => client.reply(5_000)).toThrowError(/nowhere\.example/);
  client.send({ connectTo: `tcp|${host}|${port}`, pings: 1 });
  const accepted = await eventually(() => listener.accept());
  // The client's first ping has arrived, so the client is waiting for the answer.
  await ended(accepted);
  accepted.abortOnClose();
  accepted.close();
  expect(() => client.reply(5_000)).toThrowError(
    'In the helper thread: The server sent a reset after 0 answers.',
  );
  client.close();
});
