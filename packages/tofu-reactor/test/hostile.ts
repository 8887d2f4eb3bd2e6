import { once } from 'node:events';
import { createServer as createHttp, get, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket as NodeSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTls, connect as tlsConnect } from 'node:tls';
import { nativeMemory } from 'ntdllx';
import { Choices } from 'test-kit';
import { Reactor } from 'tofu-reactor';
import { type Server as NetServer, netOn, type Socket } from 'tofu-reactor/net';
import { expect } from 'vitest';

// Hostile peers. In each case the limits of memory hold, other clients are served meanwhile, and
// afterwards no resource is left. The peers are sockets of node:net.

/** How much each case does. */
export interface HostileScale {
  /** Peers at the same time. */
  readonly peers: number;
  /** Bytes without a newline. */
  readonly bytes: number;
  /** Connects that are reset. */
  readonly resets: number;
}

/** A server on a reactor, and what it has accepted. */
interface Target {
  readonly reactor: Reactor;
  readonly server: NetServer;
  readonly port: number;
  readonly accepted: Socket[];
}

/** Runs a case with a server. No connection, no buffered byte and no native memory may be left. */
async function withTarget(
  onSocket: (socket: Socket) => void,
  run: (target: Target) => Promise<void>,
  options: object = {},
): Promise<void> {
  const reactor = new Reactor();
  const accepted: Socket[] = [];
  const server = netOn(reactor).createServer(options, (socket) => {
    accepted.push(socket);
    onSocket(socket);
  });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    await run({ reactor, server, port: (server.address() as AddressInfo).port, accepted });
    await once(server.close(), 'close');
    expect(accepted.every(({ closed }) => closed)).toBe(true);
    expect(reactor.inspect()).toMatchObject({
      connections: 0,
      servers: 0,
      bufferedBytes: 0,
      refs: 0,
    });
  } finally {
    // Also after a failure, so that the next case finds nothing of this one.
    await reactor.close();
  }
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
}

/** Connects peers of node:net. Their errors are expected. */
async function connectPeers(port: number, count: number): Promise<NodeSocket[]> {
  const peers = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  for (const peer of peers) peer.on('error', () => {});
  await Promise.all(peers.map((peer) => once(peer, 'connect')));
  return peers;
}

/** Resolves when all peers are closed, by the server. */
const allClosed = (peers: readonly NodeSocket[]) =>
  Promise.all(
    peers.map(
      (peer) => peer.closed || new Promise((resolve) => peer.resume().once('close', resolve)),
    ),
  );

/** A well-behaved client: each request is answered. */
async function expectServed(port: number, requests = 5): Promise<void> {
  for (let sent = 0; sent < requests; sent += 1) {
    const asked = get({ port, host: '127.0.0.1', agent: false });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
    await once(response, 'close');
  }
}

function createApp(limits: object = {}): Server {
  const app = createHttp(limits, (_, response) => response.end('served'));
  app.emit('listening');
  return app;
}

/** Ends the timer that checks time-outs of an http server. */
const endApp = (app: Server) => app.emit('close');

/** What a TLS server sends to a well-behaved client. */
function textOverTls(port: number, ca: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    tlsConnect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
      .on('data', (part) => {
        text += part;
      })
      .on('error', () => {})
      .once('close', () => resolve(text));
  });
}

/** Peers that send random bytes instead of a TLS handshake, and peers that send nothing. */
export async function garbageForTls({ peers: count }: HostileScale): Promise<void> {
  // Loaded here: only this case needs it.
  const { generate } = await import('selfsigned');
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
  });
  const app = createTls({ key, cert, handshakeTimeout: 1_000 }, (socket) => socket.end('served'));
  const failures: (string | undefined)[] = [];
  app.on('tlsClientError', ({ code }: NodeJS.ErrnoException, socket) => {
    failures.push(code);
    // Node leaves that to the program.
    socket.destroy();
  });
  const choices = new Choices(20_261_130);
  await withTarget(
    (socket) => app.emit('connection', socket),
    async ({ port }) => {
      const peers = await connectPeers(port, count);
      for (const [index, peer] of peers.entries()) {
        const bytes = Buffer.from(Array.from({ length: 200 }, () => choices.below(256)));
        if (index % 2 === 0) peer.write(bytes);
      }
      // On a busy machine a handshake may take longer than the server allows.
      while ((await textOverTls(port, cert)) !== 'served') expect(failures).not.toHaveLength(0);
      await allClosed(peers);
      expect(failures.length).toBeGreaterThanOrEqual(count);
      expect(failures).toContain('ERR_TLS_HANDSHAKE_TIMEOUT');
      expect(failures).toContain('ERR_SSL_WRONG_VERSION_NUMBER');
    },
  );
}

/**
 * Peers that send half a header, at once or a byte at a time. The time-out of node:http ends both:
 * the server answers 408 and destroys the socket. A peer that sends at that moment may get a reset
 * instead of the answer, because TCP discards data that was received but not read before a reset.
 */
export async function halfHeader({ peers: count }: HostileScale): Promise<void> {
  const app = createApp({ headersTimeout: 500, connectionsCheckingInterval: 100 });
  await withTarget(
    (socket) => app.emit('connection', socket),
    async ({ port }) => {
      const peers = await connectPeers(port, count);
      const slow = peers.slice(0, count / 2);
      const answers = peers.map((peer) =>
        once(peer, 'data').then(
          ([first]) => String(first),
          (error: NodeJS.ErrnoException) => String(error.code),
        ),
      );
      for (const peer of peers) peer.write('GET / HTTP/1.1\r\nhost: a');
      const timer = setInterval(() => {
        for (const peer of slow) if (peer.writable) peer.write('a');
      }, 20);
      await expectServed(port);
      for (const [index, answer] of (await Promise.all(answers)).entries()) {
        const isSlow = index < slow.length;
        expect(answer).toMatch(
          isSlow ? /^(HTTP\/1\.1 408 |ECONN(RESET|ABORTED)$)/ : /^HTTP\/1\.1 408 /,
        );
      }
      await allClosed(peers);
      clearInterval(timer);
      await expectServed(port, 1);
    },
  );
  endApp(app);
}

/** Sends so many bytes, as fast as the server reads, and ends. */
function sendWithoutEnd(peer: NodeSocket, bytes: number): void {
  const piece = Buffer.alloc(65_536, 'x');
  let left = bytes;
  const send = () => {
    if (!peer.writable) return;
    const next = piece.subarray(0, Math.min(left, piece.length));
    left -= next.length;
    if (left === 0) peer.end(next);
    else if (peer.write(next)) setImmediate(send);
  };
  peer.on('drain', send);
  send();
}

/** A peer that sends a line without an end, to a server that refuses it and to one that is slow. */
export async function noNewline({ bytes }: HostileScale): Promise<void> {
  const app = createApp();
  const failures: (string | undefined)[] = [];
  app.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    failures.push(code);
    socket.destroy();
  });
  await withTarget(
    (socket) => app.emit('connection', socket),
    async ({ port, accepted }) => {
      const [peer] = (await connectPeers(port, 1)) as [NodeSocket];
      peer.write('GET / HTTP/1.1\r\nendless: ');
      const closed = allClosed([peer]);
      sendWithoutEnd(peer, Number.POSITIVE_INFINITY);
      await closed;
      expect(failures).toEqual(['HPE_HEADER_OVERFLOW']);
      expect(accepted[0]?.bytesRead).toBeLessThan(1_000_000);
      await expectServed(port);
    },
  );
  endApp(app);
  await readSlowly(bytes);
}

/** While a server does not read, it buffers a limited part. Then it reads all in limited memory. */
async function readSlowly(bytes: number): Promise<void> {
  await withTarget(
    () => {},
    async ({ port, accepted, reactor }) => {
      const [peer] = (await connectPeers(port, 1)) as [NodeSocket];
      sendWithoutEnd(peer, bytes);
      while (accepted.length === 0) await sleep(1);
      const [socket] = accepted as [Socket];
      // It does not read yet: the stream takes its highWaterMark and stops.
      await sleep(200);
      expect(socket.bytesRead).toBeLessThan(500_000);
      expect(reactor.inspect().bufferedBytes).toBe(0);
      const before = process.memoryUsage();
      let received = 0;
      let most = 0;
      for await (const part of socket) {
        received += part.length;
        most = Math.max(most, process.memoryUsage.rss() - before.rss);
      }
      expect(received).toBe(bytes);
      expect(most).toBeLessThan(100 * 2 ** 20);
      await allClosed([peer]);
    },
  );
}

/** Peers that reset their connection at once, or after some bytes, twenty at a time. */
export async function resets({ resets: count }: HostileScale): Promise<void> {
  const app = createApp();
  await withTarget(
    (socket) => app.emit('connection', socket),
    async ({ port, accepted }) => {
      let left = count;
      const attack = async () => {
        while (left > 0) {
          left -= 1;
          const [peer] = (await connectPeers(port, 1)) as [NodeSocket];
          if (left % 2 === 0) peer.write('GET / HTTP/1.1\r\nhost: a');
          peer.resetAndDestroy();
          await allClosed([peer]);
          // The test does not keep what was accepted: it must not look like a leak.
          for (let index = accepted.length - 1; index >= 0; index -= 1) {
            if (accepted[index]?.closed) accepted.splice(index, 1);
          }
        }
      };
      const attacks = Array.from({ length: 20 }, attack);
      await expectServed(port, 20);
      await Promise.all(attacks);
      await expectServed(port);
    },
  );
  endApp(app);
}

/** Peers that read a byte per second. The server buffers little for them, and closes them. */
export async function slowReaders({ peers: count }: HostileScale): Promise<void> {
  const large = Buffer.alloc(8_000_000);
  let timeouts = 0;
  const app = createApp();
  const onSocket = (socket: Socket) => {
    socket.once('data', (first) => {
      if (!String(first).startsWith('slow')) {
        app.emit('connection', socket);
        socket.unshift(first);
        return;
      }
      socket.write(large);
      socket.setTimeout(1_500, () => {
        timeouts += 1;
        socket.destroy();
      });
      socket.on('error', () => {});
    });
  };
  await withTarget(onSocket, async ({ port, reactor }) => {
    const peers = await connectPeers(port, count);
    for (const peer of peers) peer.pause().write('slow');
    const timer = setInterval(() => {
      for (const peer of peers) peer.read(1);
    }, 1_000);
    await expectServed(port);
    // Each connection has one pending write by reference, without a copy.
    expect(reactor.inspect().bufferedBytes).toBeLessThanOrEqual(count * large.length);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(4 * large.length + 64 * 2 ** 20);
    while (timeouts < count) await expectServed(port, 1);
    clearInterval(timer);
    for (const peer of peers) peer.destroy();
    await expectServed(port);
  });
  endApp(app);
}

/** The cases that take a fraction of a second at a small scale. */
export const shortCases = {
  'half a header': halfHeader,
  'bytes without a newline': noNewline,
  'connects and resets': resets,
};

/** All cases by name. */
export const hostileCases = {
  'random bytes instead of TLS': garbageForTls,
  ...shortCases,
  'a peer that reads a byte a second': slowReaders,
};
