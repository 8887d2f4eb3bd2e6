import { expectAs, expectedOf, hostProfile } from 'test-kit';
import type { Reactor } from 'tofu-reactor';
import {
  type ConnectTo,
  type ListenAt,
  ProxyServer,
  prepareAddresses,
} from 'tofu-reactor/internal';
import { clientAddressOf, TCPServerAddress, UDSServerAddress } from 'tofu-sockets';
import { temporaryUDSPathOn } from 'tofu-sockets/internal';
import { expect } from 'vitest';
import { Cases, type Fixture, type Over } from '../fixture.js';
import { bytesOf, type End, observe, sendAll } from '../traffic.js';

/** A target, a proxy in front of it, and a reactor for both kinds of peers. */
interface Setup {
  readonly peers: Reactor;
  readonly proxy: ProxyServer;
  readonly proxyReactor: Reactor;
  /** The ends of the connections at the target, in the order in which it accepted them. */
  readonly targets: End[];
  /** The problems that the proxy has reported. */
  readonly problems: string[];
  /** Connects a client to the proxy, and observes it. */
  connect(): Promise<End>;
  /** Connects a client, and returns both its end and the target's. */
  connectBoth(): Promise<[client: End, target: End]>;
}

const halfOpen = { allowHalfOpen: true };

function freeAddress({ host }: Fixture, over: Over): ListenAt {
  if (over === 'IP') return new TCPServerAddress();
  return new UDSServerAddress(temporaryUDSPathOn(host.kernel));
}

/** @param isListening false: nothing listens at the target's address. */
export async function setUp(
  fixture: Fixture,
  [from, to]: Route,
  { onEnd, maxConnections = 100 }: { onEnd?: (end: End) => void; maxConnections?: number } = {},
): Promise<Setup> {
  const peers = fixture.reactor({ name: 'peers' });
  const targets: End[] = [];
  const server = await peers.listen(
    freeAddress(fixture, to),
    (connection) => targets.push(observe(connection, onEnd)),
    halfOpen,
  );
  const started = await startProxy(fixture, from, clientAddressOf(server.endpoint), maxConnections);
  const connect = async () => {
    const { address } = started.proxy.listening;
    return observe(await peers.connect(address, halfOpen));
  };
  return {
    ...started,
    peers,
    targets,
    connect,
    async connectBoth() {
      const before = targets.length;
      const client = await connect();
      await fixture.until(() => targets.length > before);
      return [client, targets.at(-1) as End];
    },
  };
}

async function startProxy(
  fixture: Fixture,
  from: Over,
  connectTo: ConnectTo,
  maxConnections: number,
): Promise<Pick<Setup, 'proxy' | 'proxyReactor' | 'problems'>> {
  const proxyReactor = fixture.reactor({ name: 'proxy' });
  const problems: string[] = [];
  const reports = {
    problem: (what: string, message: string) => problems.push(`${what}: ${message}`),
  };
  const asked = { listenAt: freeAddress(fixture, from), connectTo, maxConnections };
  prepareAddresses(fixture.host.kernel, asked.listenAt, connectTo);
  const proxy = await ProxyServer.start(proxyReactor, asked, reports);
  return { proxy, proxyReactor, problems };
}

/** Sends a byte from the target, which shows that the proxy's own connect has completed. */
async function establish(fixture: Fixture, [client, target]: [End, End]): Promise<void> {
  target.connection.write('x');
  await fixture.until(() => client.received === 1);
}

/**
 * Aborts the connection of one end. Over AF_UNIX a close is a reset only if received bytes are
 * unread, so the other end sends some.
 */
export async function abort(fixture: Fixture, end: End, other: End, over: Over): Promise<void> {
  if (over === 'AF_UNIX') {
    end.connection.onReadable = undefined;
    other.connection.write('unread');
    await fixture.settle();
  }
  end.connection.reset();
}

/** Waits until the proxy has aborted the connection of an end. Over AF_UNIX that is an end. */
export async function expectAborted(fixture: Fixture, end: End, over: Over): Promise<void> {
  await fixture.until(() => end.isClosed || (over === 'AF_UNIX' && end.hasEnded));
  if (over === 'IP') expect(end).toMatchObject({ error: { code: 'ECONNRESET' } });
}

/** Waits until a reset was passed on that this host sends before the receiver has read. */
async function expectResetPassed(fixture: Fixture, proxy: ProxyServer): Promise<void> {
  const { isSimulated } = fixture.host;
  // The simulated kernel always sends it at once.
  const sent = isSimulated
    ? 'a reset'
    : expectedOf('hardCloseWithQueuedBytes', hostProfile().kernel);
  if (sent === 'a reset') await fixture.until(() => proxy.open === 0);
  else await fixture.settle();
  const observed = proxy.open === 0 ? 'a reset' : 'nothing yet';
  if (!isSimulated) expectAs({ hardCloseWithQueuedBytes: observed });
}

/** The kinds of sockets on both sides of a proxy. */
export type Route = readonly [from: Over, to: Over];

/** The cases of a proxy between two kinds of sockets. */
export function relayCases(route: Route): Cases {
  const cases = new Cases();
  const all = 40;
  const bytes = 150_000;
  const pieceBytes = 16_384;

  cases.test(
    'every byte arrives in both directions, and each end of a stream is passed on',
    async (fixture) => {
      // The target answers only after the end of the client's side, over the half-open connection.
      const onEnd = ({ connection, seed }: End) =>
        sendAll(connection, (seed as number) + 100, bytes);
      const { connect, proxy, targets } = await setUp(fixture, route, { onEnd });
      const clients: End[] = [];
      for (let seed = 0; seed < all; seed += 1) {
        const client = await connect();
        clients.push(client);
        sendAll(client.connection, seed, bytes + seed);
      }
      await fixture.until(() => proxy.open === 0 && clients.every(({ isClosed }) => isClosed));
      const whole = { wrong: 0, hasEnded: true, error: undefined };
      for (const client of clients) expect(client).toMatchObject({ ...whole, received: bytes });
      for (const target of targets) {
        expect(target).toMatchObject({ ...whole, received: bytes + (target.seed as number) });
      }
      expect(targets.map(({ seed }) => seed).toSorted()).toEqual(
        clients.map((_, seed) => seed).toSorted(),
      );
      const more = (all * (all - 1)) / 2;
      expect(proxy.counts()).toEqual({
        accepted: all,
        open: 0,
        ended: all,
        broken: 0,
        unreachable: 0,
        cut: 0,
        dropped: 0,
        bytesToTarget: all * bytes + more,
        bytesToClients: all * bytes,
      });
      await proxy.stop();
    },
  );

  cases.test('the client still sends after the target has ended', async (fixture) => {
    const { connectBoth, proxy } = await setUp(fixture, route);
    const [client, target] = await connectBoth();
    target.connection.end();
    await fixture.until(() => client.hasEnded);
    sendAll(client.connection, 7, bytes);
    await fixture.until(() => target.isClosed && client.isClosed);
    expect(target).toMatchObject({ received: bytes, wrong: 0, hasEnded: true, error: undefined });
    await fixture.until(() => proxy.open === 0);
    expect(proxy.counts()).toMatchObject({ ended: 1, bytesToTarget: bytes, bytesToClients: 0 });
  });

  cases.test('a reset of either side resets the other', async (fixture) => {
    const { connectBoth, proxy, problems } = await setUp(fixture, route);
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const pair = await connectBoth();
      await establish(fixture, pair);
      await abort(fixture, pair[from], pair[to], route[from]);
      await expectAborted(fixture, pair[to], route[to]);
    }
    await fixture.until(() => proxy.open === 0);
    expect(proxy.counts()).toMatchObject({ accepted: 2, broken: 2, ended: 0, unreachable: 0 });
    expect(problems).toEqual([]);
  });

  cases.test(
    'a side that does not read pauses the other, and no data are lost',
    async (fixture) => {
      const { connectBoth, proxyReactor, proxy } = await setUp(fixture, route);
      const [client, target] = await connectBoth();
      const read = target.connection.onReadable;
      target.connection.onReadable = undefined;
      const endStream = sendAll(client.connection, 3, Number.POSITIVE_INFINITY);
      // The socket buffers are full when the client's own queue no longer shrinks.
      let before = -1;
      for (let same = 0; same < 5; ) {
        await fixture.settle();
        const { bytesWritten } = client.connection;
        same = bytesWritten === before ? same + 1 : 0;
        before = bytesWritten;
      }
      const length = endStream();
      expect(proxyReactor.inspect().bufferedBytes).toBeGreaterThan(0);
      expect(proxyReactor.inspect().bufferedBytes).toBeLessThanOrEqual(65_536);
      target.connection.onReadable = read;
      await fixture.until(() => target.hasEnded);
      expect(target).toMatchObject({ received: length, wrong: 0 });
      target.connection.end();
      await fixture.until(() => client.isClosed && proxy.open === 0);
      expect(proxy.counts()).toMatchObject({ ended: 1, bytesToTarget: length });
    },
  );

  cases.test('a reset is passed on even if the other side does not read', async (fixture) => {
    const { connectBoth, proxyReactor, proxy } = await setUp(fixture, route);
    const [client, target] = await connectBoth();
    const read = target.connection.onReadable;
    target.connection.onReadable = undefined;
    // In pieces, until the proxy pauses the client. One more piece then stays unread at the proxy.
    const isPaused = () => proxyReactor.inspect().bufferedBytes > 0;
    let sent = 0;
    const send = () => {
      client.connection.write(bytesOf(3, pieceBytes, sent));
      sent += pieceBytes;
    };
    while (!isPaused()) {
      send();
      await fixture.until(() => isPaused() || proxy.counts()['bytesToTarget'] === sent);
    }
    send();
    await fixture.settle();
    expect(client.connection.bufferedBytes).toBe(0);
    await abort(fixture, client, target, route[0]);
    await fixture.until(() => proxy.open === 0);
    expect(proxy.counts()).toMatchObject({ broken: 1 });
    target.connection.onReadable = read;
    await expectAborted(fixture, target, route[1]);
  });

  cases.test(
    'a reset of a side with unsent bytes is passed on as soon as the host sends it',
    async (fixture) => {
      const { connectBoth, proxyReactor, proxy } = await setUp(fixture, route);
      const [client, target] = await connectBoth();
      const read = target.connection.onReadable;
      target.connection.onReadable = undefined;
      sendAll(client.connection, 3, Number.POSITIVE_INFINITY);
      await fixture.until(() => proxyReactor.inspect().bufferedBytes > 0);
      // The proxy may have to wait until it can send this to the client, and then waits for nothing.
      target.connection.write(bytesOf(9, 2_000_000));
      await fixture.until(() => client.received === 2_000_000);
      await fixture.settle();
      await abort(fixture, client, target, route[0]);
      await expectResetPassed(fixture, proxy);
      target.connection.onReadable = read;
      await fixture.until(() => proxy.open === 0);
      expect(proxy.counts()).toMatchObject({ broken: 1 });
      await expectAborted(fixture, target, route[1]);
    },
  );

  cases.test(
    'connections that are open when the proxy ends are reset on both sides, and counted',
    async (fixture) => {
      const { connectBoth, proxy } = await setUp(fixture, route);
      const pairs = [await connectBoth(), await connectBoth()];
      for (const pair of pairs) await establish(fixture, pair);
      const stopped = proxy.stop();
      proxy.cut();
      await stopped;
      for (const [client, target] of pairs) {
        await expectAborted(fixture, client, route[0]);
        await expectAborted(fixture, target, route[1]);
      }
      expect(proxy.counts()).toMatchObject({ accepted: 2, open: 0, cut: 2, broken: 0, ended: 0 });
    },
  );

  cases.test(
    'connections beyond the limit are closed, and one message reports them',
    async (fixture) => {
      const { connect, connectBoth, proxy, problems } = await setUp(fixture, route, {
        maxConnections: 1,
      });
      await connectBoth();
      const second = await connect();
      await fixture.until(() => second.hasEnded || second.isClosed);
      expect(proxy.counts()).toMatchObject({ accepted: 1, open: 1, dropped: 1 });
      expect(problems).toEqual([expect.stringMatching(/^dropped: .*--max-connections/)]);
      proxy.cut();
    },
  );

  cases.test(
    'if the target is missing, the proxy resets the client and continues',
    async (fixture) => {
      const peers = fixture.reactor({ name: 'peers' });
      const address = freeAddress(fixture, route[1]);
      const gone = await peers.listen(address, () => {});
      const connectTo = clientAddressOf(gone.endpoint);
      await gone.close();
      const { proxy, problems } = await startProxy(fixture, route[0], connectTo, 100);
      const connect = async () => observe(await peers.connect(proxy.listening.address, halfOpen));
      const client = await connect();
      await expectAborted(fixture, client, route[0]);
      expect(problems).toEqual([
        expect.stringMatching(/^unreachable: Cannot connect to .* reset\.$/),
      ]);
      expect(proxy.counts()).toMatchObject({ accepted: 1, unreachable: 1, broken: 0 });

      const at = 'path' in connectTo ? { path: connectTo.path } : { port: connectTo.port };
      const targets: End[] = [];
      await peers.listen(at, (connection) => targets.push(observe(connection)), halfOpen);
      const next = await connect();
      sendAll(next.connection, 9, 1_000);
      await fixture.until(() => targets[0]?.hasEnded === true);
      expect(targets[0]).toMatchObject({ received: 1_000, wrong: 0 });
      proxy.cut();
    },
  );

  return cases;
}
