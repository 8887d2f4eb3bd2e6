import { RawPoller } from 'nt-afd/raw-poll';
import { AFD_POLL_DISCONNECT, AFD_POLL_RECEIVE, AFD_POLL_SEND, nativeMemory } from 'ntdllx';
import { expectAs } from 'test-kit';
import { type Skt, type StreamSkt, TCPClientAddress, wouldBlock } from 'tofu-sockets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  closeAll,
  connectPair,
  connectTo,
  creator,
  eventually,
  keep,
  listen,
  outcome,
  pause,
} from './sockets.js';

let poller: RawPoller;

beforeEach(() => {
  poller = new RawPoller();
});

afterEach(() => {
  poller.close();
  closeAll();
});

const big = 16 * 2 ** 20;
/** Bytes of which no two sections are equal, so that a wrong order is detected. */
const pattern = (length: number) =>
  Buffer.from(Uint32Array.from({ length: length / 4 }, (_, index) => index).buffer);

/** Waits until a poll reports one of the events. */
async function ready(skt: Skt, mask: number): Promise<void> {
  expect(await poller.events(skt, mask, 10_000)).not.toBe(0);
}

/** Sends all bytes. Waits for a poll only after a would-block. */
async function sendAll(skt: StreamSkt, bytes: Uint8Array, chunk = 65_536): Promise<number> {
  let waits = 0;
  for (let sent = 0; sent < bytes.length; ) {
    const count = skt.send(bytes.subarray(sent, sent + chunk));
    if (count !== wouldBlock) sent += count;
    else {
      waits += 1;
      // The reader runs in the same thread and needs a turn.
      await pause(0);
      await poller.events(skt, AFD_POLL_SEND, 20);
    }
  }
  return waits;
}

describe('receiving', () => {
  test('R01 an idle pair has no event; one byte causes one event', async () => {
    const { client, server } = await connectPair();
    const { poll } = poller.arm(server, AFD_POLL_RECEIVE);
    expect(poller.next(0)).toBeUndefined();
    client.send(Buffer.from('x'));
    expect(poller.next(1_000)?.poll).toBe(poll);
    expect(poll.reported).toMatchObject([{ skt: server, events: AFD_POLL_RECEIVE }]);
    expect(poller.next(50)).toBeUndefined();
  });

  test('R03 after a read to would-block only new data are reported', async () => {
    const { client, server } = await connectPair();
    for (const text of ['first', 'second']) {
      expect(await poller.events(server, AFD_POLL_RECEIVE, 50)).toBe(0);
      client.send(Buffer.from(text));
      await ready(server, AFD_POLL_RECEIVE);
      expect(server.recv(Buffer.alloc(16))).toBe(text.length);
      expect(server.recv(Buffer.alloc(16))).toBe(wouldBlock);
    }
  });

  test('R05 16 MiB that are sent in pieces of 1 KiB arrive completely', {
    timeout: 60_000,
  }, async () => {
    const { client, server } = await connectPair();
    const sent = pattern(big);
    const sending = sendAll(client, sent, 1_024).then(() => client.shutdown('send'));
    const received = Buffer.alloc(big + 1);
    let count = 0;
    for (;;) {
      const part = server.recv(received.subarray(count));
      if (part === 0) break;
      if (part === wouldBlock) await pause(0);
      else count += part;
    }
    await sending;
    expect(count).toBe(big);
    expect(received.subarray(0, big).equals(sent)).toBe(true);
  });

  test('R08 a message of 11 bytes is received in 8 and 3 bytes by a buffer of 8', async () => {
    const { client, server } = await connectPair();
    client.send(Buffer.from('Tofu Engine'));
    await ready(server, AFD_POLL_RECEIVE);
    const buffer = Buffer.alloc(8);
    expect(server.recv(buffer)).toBe(8);
    expect(buffer.toString()).toBe('Tofu Eng');
    await ready(server, AFD_POLL_RECEIVE);
    expect(server.recv(buffer)).toBe(3);
    // The same buffer is used again: after the three new bytes it has those of the first receive.
    expect(buffer.toString()).toBe('ineu Eng');
    expect(server.recv(buffer)).toBe(wouldBlock);
  });

  test('R09 the peer of a socket that is closed while it is polled sees the end', async () => {
    const { client, server } = await connectPair();
    expect(server.recv(new Uint8Array(1))).toBe(wouldBlock);
    const { poll } = poller.arm(server, AFD_POLL_RECEIVE);
    server.close();
    expect(poller.next(1_000)?.poll).toBe(poll);
    expect(await poller.events(client, AFD_POLL_DISCONNECT, 5_000)).toBe(AFD_POLL_DISCONNECT);
    expect(client.recv(new Uint8Array(1))).toBe(0);
  });
});

describe('sending', () => {
  test('W01 a fresh pair is ready to send', async () => {
    const { client, server } = await connectPair();
    for (const skt of [client, server]) {
      expect(await poller.events(skt, AFD_POLL_SEND, 1_000)).toBe(AFD_POLL_SEND);
    }
  });

  test('W02 a full send buffer causes no event until the peer reads', async () => {
    const { client, server } = await connectPair();
    const chunk = Buffer.alloc(65_536);
    let taken = 0;
    for (;;) {
      const count = client.send(chunk);
      if (count !== wouldBlock) taken += count;
      // Data that is still in transit may make room.
      else if ((await poller.events(client, AFD_POLL_SEND, 100)) === 0) break;
    }
    let received = 0;
    while (received < taken) {
      const count = server.recv(chunk);
      if (count === wouldBlock) await pause(1);
      else received += count;
    }
    expect(received).toBe(taken);
    await ready(client, AFD_POLL_SEND);
  });

  test('W03 16 MiB of a writer that waits for polls arrive in order', {
    timeout: 60_000,
  }, async () => {
    const { client, server } = await connectPair();
    const sent = pattern(big);
    const sending = sendAll(client, sent);
    const received = Buffer.alloc(big);
    for (let count = 0; count < big; ) {
      const part = server.recv(received.subarray(count));
      if (part === wouldBlock) await pause(0);
      else count += part;
    }
    // The writer did have to wait, which is what this test is about.
    expect(await sending).toBeGreaterThan(0);
    expect(received.equals(sent)).toBe(true);
  });

  test('W05 sends to a closed peer end with an error, not with endless would-block', async () => {
    const { client, server } = await connectPair();
    server.close();
    let result: unknown;
    for (let count = 0; count < 100 && typeof result !== 'string'; count += 1) {
      result = outcome(() => client.send(Buffer.alloc(1_000)));
      await pause(5);
    }
    expect(result).toMatch(/^WSAECONN(RESET|ABORTED)$/);
  });

  test('W06 2 MB to a reader that pauses 20 ms arrive, and the writer has to wait', {
    timeout: 60_000,
  }, async () => {
    const { client, server } = await connectPair();
    client.setOption('sendBufferBytes', 65_536);
    server.setOption('receiveBufferBytes', 65_536);
    const sent = pattern(2_000_000);
    const sending = sendAll(client, sent);
    const received = Buffer.alloc(sent.length);
    for (let count = 0; count < sent.length; ) {
      const part = server.recv(received.subarray(count));
      if (part !== wouldBlock) count += part;
      if (part === wouldBlock || count % 7 === 0) await pause(20);
    }
    expect(await sending).toBeGreaterThan(0);
    expect(received.equals(sent)).toBe(true);
  });
});

describe('both directions', () => {
  test('E01 the client receives its 11 bytes; the server ends after its peer', async () => {
    const { client, server } = await connectPair();
    const buffer = Buffer.alloc(64);
    client.send(Buffer.from('Tofu Engine'));
    await ready(server, AFD_POLL_RECEIVE);
    const count = server.recv(buffer) as number;
    server.send(buffer.subarray(0, count));
    await ready(client, AFD_POLL_RECEIVE);
    expect(buffer.toString('latin1', 0, client.recv(buffer) as number)).toBe('Tofu Engine');
    client.close();
    await ready(server, AFD_POLL_DISCONNECT);
    expect(server.recv(buffer)).toBe(0);
  });

  test('E02 1,001 PINGs get their PONGs, and then the stream ends', {
    timeout: 60_000,
  }, async () => {
    const { client, server } = await connectPair();
    const buffer = Buffer.alloc(8);
    const say = async (from: StreamSkt, to: StreamSkt, text: string) => {
      expect(from.send(Buffer.from(text))).toBe(4);
      let count = to.recv(buffer);
      if (count === wouldBlock) {
        poller.end(poller.arm(to, AFD_POLL_RECEIVE).poll);
        count = await eventually(() => to.recv(buffer));
      }
      expect(buffer.toString('latin1', 0, count)).toBe(text);
    };
    for (let round = 0; round < 1_001; round += 1) {
      await say(client, server, 'PING');
      await say(server, client, 'PONG');
    }
    client.shutdown('send');
    expect(await eventually(() => server.recv(buffer))).toBe(0);
    server.close();
    expect(await eventually(() => client.recv(buffer))).toBe(0);
  });

  // WSAENOTCONN by documentation; Wine reports the code for a broken pipe instead.
  test('E05 a send before the connect fails with an error of Winsock, and queues nothing', async () => {
    const client = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', 9)));
    expectAs({ sendBeforeConnect: outcome(() => client.send(Buffer.from('x'))) as string });
  });

  test('E07 no native memory is kept after a connect has ended', async () => {
    const listener = listen();
    const before = nativeMemory();
    const client = connectTo(listener);
    await eventually(() => client.finishConnect());
    client.close();
    const { blocks } = nativeMemory();
    // The additional block is the one that all sockets share.
    expect(blocks - before.blocks).toBeLessThanOrEqual(1);
  });

  test('E08 a second close has no effect', async () => {
    const { client, server } = await connectPair();
    client.close();
    client.close();
    await ready(server, AFD_POLL_DISCONNECT);
    expect(client.isOpen).toBe(false);
  });

  test('E09 every byte of 200 small sends is counted once', async () => {
    const { client, server } = await connectPair();
    let sent = 0;
    for (let count = 0; count < 100; count += 1) {
      for (const text of ['a', 'bc']) sent += client.send(Buffer.from(text)) as number;
    }
    client.shutdown('send');
    let received = 0;
    const buffer = Buffer.alloc(7);
    for (;;) {
      const count = await eventually(() => server.recv(buffer));
      if (count === 0) break;
      received += count;
    }
    expect([sent, received]).toEqual([300, 300]);
  });

  test('E10 no call throws when a listener closes while a client connects', async () => {
    for (let round = 0; round < 20; round += 1) {
      const listener = listen();
      const client = connectTo(listener);
      expect(listener.localEndpoint().port).toBeGreaterThan(0);
      listener.close();
      const ended = outcome(() => client.finishConnect());
      expect([true, wouldBlock, 'WSAECONNRESET', 'WSAECONNREFUSED']).toContain(ended);
      client.close();
    }
  });
});
