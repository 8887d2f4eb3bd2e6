import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { type RunningCommand, startCommand } from './command.js';
import {
  connectTo,
  type HostEnd,
  HostServer,
  pieceBytes,
  sendStream,
  until,
} from './host-peers.js';

// The command in Windows Node, found by its name, and peers of node:net on this host.

const host = describeHost();
const killedPeer = fileURLToPath(new URL('./killed-peer.mjs', import.meta.url));

/** Starts a peer in a process of its own, and waits until it is ready. */
async function startPeer(...args: readonly (string | number)[]) {
  const child = spawn(process.execPath, [killedPeer, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  await until(() => output.includes('ready'));
  return {
    count: (word: string) => output.split(word).length - 1,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

// On Windows a program cannot send Ctrl-C to one other program only.
const reason = process.platform === 'win32' ? 'needs signals' : host.reason;

describe.skipIf(host.kind === 'none' || reason !== '')(`the command ${reason}`, () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  describe('a proxy from TCP to TCP', () => {
    const bytes = 200_000;
    let proxy: RunningCommand;
    let target: HostServer;
    let port: number;
    let connections = 0;

    // The target answers after the end of the client's side.
    const answer = ({ socket, seed }: HostEnd) => sendStream(socket, (seed ?? 0) + 100, bytes);
    const open = () => {
      connections += 1;
      return connectTo(port);
    };
    /** Connects a client. @returns its end, and the target's. */
    const openBoth = async (): Promise<[HostEnd, HostEnd]> => {
      const before = target.ends.length;
      const client = await open();
      await until(() => target.ends.length > before);
      return [client, target.ends[before] as HostEnd];
    };

    beforeAll(async () => {
      target = await HostServer.listen(0, answer);
      const addresses = ['tcp|127.0.0.1|0', `tcp:127.0.0.1:${target.port}`];
      proxy = startCommand(['proxy', ...addresses, '--json']);
      port = await proxy.port();
    }, 60_000);
    afterAll(async () => {
      proxy.child.kill('SIGKILL');
      await target.close();
    });

    test('every byte of many connections arrives both ways, and each end is passed on', async () => {
      const clients = await Promise.all(Array.from({ length: 60 }, open));
      for (const [seed, { socket }] of clients.entries()) sendStream(socket, seed, bytes + seed);
      await until(() => clients.every(({ isClosed }) => isClosed));
      const whole = { isWrong: false, hasEnded: true, error: undefined };
      for (const end of clients) expect(end).toMatchObject({ ...whole, received: bytes });
      expect(new Set(target.ends.map(({ seed }) => seed)).size).toBe(clients.length);
      for (const end of target.ends) {
        expect(end).toMatchObject({ ...whole, received: bytes + (end.seed as number) });
      }
    });

    test.each([
      [0, 1],
      [1, 0],
    ])('a reset by end %d resets end %d', async (from, to) => {
      const pair = await openBoth();
      // A byte from the target shows that the proxy's own connect has completed.
      pair[1].socket.write('x');
      await until(() => pair[0].received === 1);
      (pair[from] as HostEnd).socket.resetAndDestroy();
      await until(() => (pair[to] as HostEnd).isClosed);
      expect(pair[to]).toMatchObject({ hasEnded: false, error: 'ECONNRESET' });
    });

    test('a target that does not read pauses the client, and no data are lost', async () => {
      const [client, end] = await openBoth();
      end.socket.pause();
      const length = 80_000_000;
      sendStream(client.socket, 5, length);
      let before = -1;
      for (let same = 0; same < 5; ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const { bytesWritten, writableLength } = client.socket;
        const sent = bytesWritten - writableLength;
        same = sent === before ? same + 1 : 0;
        before = sent;
      }
      expect(before).toBeLessThan(length);
      end.socket.resume();
      await until(() => client.isClosed);
      expect(end).toMatchObject({ received: length, isWrong: false, hasEnded: true });
      expect(client).toMatchObject({ received: bytes, isWrong: false, error: undefined });
    });

    test('killing clients ends their connections at the target', async () => {
      const before = target.ends.length;
      const count = 5;
      connections += count;
      const killed = await startPeer('client', port, count);
      const ends = () => target.ends.slice(before);
      await until(() => ends().length === count && ends().every(({ received }) => received > 0));
      await killed.kill();
      // The kernel ends the connections of a process that has read everything.
      await until(() => ends().every(({ isClosed, error }) => isClosed || error !== undefined));
      for (const end of ends()) expect(end).toMatchObject({ isWrong: false, hasEnded: true });
    });

    test('if the target is missing, the proxy resets the client, reports it once, and continues', async () => {
      await target.close();
      const client = await open();
      await until(() => client.isClosed);
      expect(client).toMatchObject({ hasEnded: false, error: 'ECONNRESET' });
      await until(() => proxy.events().some(({ event }) => event === 'problem'));
      expect(proxy.events().filter(({ event }) => event === 'problem')).toEqual([
        {
          event: 'problem',
          what: 'unreachable',
          message: `Cannot connect to tcp|127.0.0.1|${target.port}: no server listens there. Start it, or correct the address (ECONNREFUSED). The client's connection was reset.`,
          count: 1,
        },
      ]);
    });

    test.each([
      ['reads', 5, { hasEnded: true, error: undefined }],
      // Its kernel resets a connection with unread bytes.
      ['ignores', 1_000_000, { hasEnded: false, error: 'ECONNRESET' }],
    ])(
      'killing a target that %s its input ends the connections of the clients',
      async (how, length, seen) => {
        const killed = await startPeer('server', target.port, how.slice(0, -1));
        const clients = [await open(), await open()];
        for (const { socket } of clients) socket.write(Buffer.alloc(length));
        await until(() => killed.count(how === 'reads' ? 'read\n' : 'accepted') === clients.length);
        // The bytes of a server that does not read are in its kernel after a while.
        if (how === 'ignores') await new Promise((resolve) => setTimeout(resolve, 100));
        await killed.kill();
        await until(() => clients.every(({ hasEnded, isClosed }) => hasEnded || isClosed));
        for (const client of clients) expect(client).toMatchObject(seen);
        for (const { socket } of clients) socket.destroy();
      },
    );

    /**
     * A Unix kernel reports a reset once: to a write, if one comes first, and then the next read
     * finds the end.
     */
    const expectReset = ({ isWrong, error }: HostEnd) => {
      expect({ isWrong, error }).toEqual({
        isWrong: false,
        error: expect.stringMatching(/^(ECONNRESET|EPIPE)$/),
      });
    };

    test('Ctrl-C under load ends the proxy gracefully, with a correct summary', async () => {
      target = await HostServer.listen(target.port);
      const pairs: [HostEnd, HostEnd][] = [];
      while (pairs.length < 10) pairs.push(await openBoth());
      for (const [seed, { socket }] of pairs.flat().entries()) {
        sendStream(socket, seed, Number.POSITIVE_INFINITY);
      }
      await until(() => pairs.flat().every(({ received }) => received > pieceBytes));
      proxy.interrupt();
      const { code, stderr } = await proxy.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await until(() => pairs.flat().every(({ isClosed }) => isClosed));
      for (const end of pairs.flat()) expectReset(end);

      const { event, ended, broken, bytesToTarget, bytesToClients, ...counts } = proxy.lastEvent();
      // What is written to a client that was killed may be answered by a reset, or not in time.
      const killed = 5 + 2;
      expect(Number(ended) + Number(broken)).toBe(60 + 1 + 2 + 2 + killed);
      expect(ended).toBeGreaterThanOrEqual(60 + 1);
      expect(broken).toBeGreaterThanOrEqual(2 + 2);
      expect({ event, ...counts }).toEqual({
        event: 'summary',
        accepted: connections,
        open: 0,
        unreachable: 1,
        cut: pairs.length,
        dropped: 0,
      });
      const received = (ends: readonly HostEnd[]) =>
        ends.reduce((sum, end) => sum + end.received, 0);
      const atClients = received(pairs.map(([client]) => client));
      expect(bytesToClients).toBeGreaterThanOrEqual(61 * bytes + atClients);
      expect(bytesToTarget).toBeGreaterThanOrEqual(60 * bytes + received(target.ends));
    }, 60_000);
  });

  test('an echo server prints its address and a summary; on a pipe no status line', async () => {
    const { port, interrupt, ended } = startCommand(['echo', 'tcp:127.0.0.1:0']);
    const client = await connectTo(await port());
    sendStream(client.socket, 9, 100_000);
    await until(() => client.isClosed);
    expect(client).toMatchObject({ received: 100_000, isWrong: false, error: undefined });
    interrupt();
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^Echo server on tcp\|127\.0\.0\.1\|\d+\. Ctrl-C ends it\.$/),
      'Connections: 1; 1 ended, 0 failed, 0 reset at the end; 0 refused at the limit',
      '100,000 bytes in, 100,000 out',
      '',
    ]);
  });

  test('http serves the files of a directory, and refuses links that lead out of it', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'tofu http '));
    try {
      const root = join(scratch, 'public');
      const large = Buffer.alloc(3_000_000, 'tofu ');
      mkdirSync(root);
      writeFileSync(join(root, 'index.html'), 'the page');
      writeFileSync(join(root, 'large.bin'), large);
      writeFileSync(join(scratch, 'secret.txt'), 'secret');
      symlinkSync(join(scratch, 'secret.txt'), join(root, 'link.txt'));
      symlinkSync(scratch, join(root, 'linked'));
      const { port, interrupt, ended } = startCommand(['http', root, 'tcp:127.0.0.1:0']);
      const at = `http://127.0.0.1:${await port()}`;
      expect(await (await fetch(`${at}/`)).text()).toBe('the page');
      const all = await Promise.all(
        Array.from({ length: 10 }, async () => (await fetch(`${at}/large.bin`)).arrayBuffer()),
      );
      for (const bytes of all) expect(large.equals(Buffer.from(bytes))).toBe(true);
      for (const path of [
        'link.txt',
        'linked/secret.txt',
        '..%5csecret.txt',
        'NUL',
        'index.html::$DATA',
      ]) {
        const { status } = await fetch(`${at}/${path}`);
        expect(status, path).toBeGreaterThanOrEqual(400);
      }
      interrupt();
      const { code, stdout, stderr } = await ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^Serving .*public at http:\/\/127\.0\.0\.1:\d+\/ Ctrl-C ends it\.$/m);
      expect(stdout).toMatch(/^16 requests; /m);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
});
