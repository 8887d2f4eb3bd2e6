import {
  AFD_POLL_ABORT,
  AFD_POLL_ACCEPT,
  AFD_POLL_CONNECT,
  AFD_POLL_CONNECT_FAIL,
  AFD_POLL_DISCONNECT,
  AFD_POLL_RECEIVE,
  AFD_POLL_RECEIVE_EXPEDITED,
  AFD_POLL_SEND,
} from 'ntdllx';
import { UDPAddress, wouldBlock } from 'tofu-sockets';
import { expect } from 'vitest';
import { contracts, onIP } from './contract.js';

const idle = AFD_POLL_SEND | AFD_POLL_CONNECT;
const byte = Buffer.from('x');

/** Contracts about the events that a poll reports in each state of a socket. */
export const reported = contracts({
  'a socket that was never connected reports nothing': async (env) => {
    const client = env.client(env.listen());
    expect(await env.bits(client)).toBe(0);
  },

  'a listener: ACCEPT until the backlog is empty': async (env) => {
    const listener = env.listen();
    expect(await env.bits(listener)).toBe(0);
    for (let count = 0; count < 2; count += 1) env.connectTo(listener);
    await env.settle();
    for (let count = 0; count < 2; count += 1) {
      expect(await env.bits(listener)).toBe(AFD_POLL_ACCEPT);
      expect(await env.bits(listener)).toBe(AFD_POLL_ACCEPT);
      env.keep(await env.eventually(() => listener.accept()));
    }
    expect(await env.bits(listener)).toBe(0);
    expect(listener.accept()).toBe(wouldBlock);
  },

  'an idle connection reports SEND and CONNECT on every poll, at both ends': async (env) => {
    const { client, server } = await env.pair();
    for (const skt of [client, server, client]) expect(await env.bits(skt)).toBe(idle);
  },

  'a poll submitted before the connect reports SEND and CONNECT together': onIP(async (env) => {
    const listener = env.listen();
    const client = env.client(listener);
    const { poll, status } = env.poller.arm([client], 0x1ff);
    expect(status).toBe('STATUS_PENDING');
    client.connect();
    expect(env.poller.next(5_000)?.poll).toBe(poll);
    expect(poll.reported[0]?.events).toBe(idle);
  }),

  'received data: RECEIVE until the program reads it': async (env) => {
    const { client, server } = await env.pair();
    client.send(Buffer.from('12345'));
    await env.settle();
    expect(await env.bits(server)).toBe(idle | AFD_POLL_RECEIVE);
    await env.eventually(() => server.recv(new Uint8Array(3)));
    await env.settle();
    expect(await env.bits(server)).toBe(idle | AFD_POLL_RECEIVE);
    await env.eventually(() => server.recv(new Uint8Array(2)));
    expect(await env.bits(server)).toBe(idle);
    expect(await env.bits(server, AFD_POLL_RECEIVE)).toBe(0);
  },

  'a refused connect: CONNECT_FAIL and its cause, on every poll': onIP(async (env) => {
    const client = env.refusedClient();
    client.connect();
    for (let count = 0; count < 2; count += 1) {
      const found = env.poller.pollBlocking(client, 0x1ff, 6_000);
      expect(found?.[0]).toMatchObject({
        events: AFD_POLL_CONNECT_FAIL,
        status: 'STATUS_CONNECTION_REFUSED',
      });
    }
    expect(await env.bits(client, AFD_POLL_SEND)).toBe(0);
    expect(await env.bits(client, AFD_POLL_ABORT)).toBe(0);
    expect(() => client.finishConnect()).toThrowError(
      expect.objectContaining({ wsaName: 'WSAECONNREFUSED' }),
    );
  }),

  'a poll for SEND alone, submitted before a refused connect, reports nothing': onIP(
    async (env) => {
      const client = env.refusedClient();
      const { poll } = env.poller.arm([client], AFD_POLL_SEND);
      client.connect();
      // According to citations Windows needs two seconds to report a refusal (unverified).
      const outcome = env.eventually(() => client.finishConnect());
      await expect(outcome).rejects.toMatchObject({ wsaName: 'WSAECONNREFUSED' });
      expect(env.poller.next(40)).toBeUndefined();
      expect(poll.isPending).toBe(true);
    },
  ),

  'FIN: DISCONNECT on every poll; a poll for RECEIVE alone reports nothing': async (env) => {
    const { client, server } = await env.pair();
    client.shutdown('send');
    await env.settle();
    for (let count = 0; count < 2; count += 1) {
      expect(await env.bits(server)).toBe(idle | AFD_POLL_DISCONNECT);
    }
    expect(await env.bits(server, AFD_POLL_RECEIVE)).toBe(0);
    expect(server.recv(new Uint8Array(1))).toBe(0);
    expect(await env.bits(server)).toBe(idle | AFD_POLL_DISCONNECT);
    // The other direction still works.
    server.send(byte);
    expect(await env.eventually(() => client.recv(new Uint8Array(2)))).toBe(1);
    expect(await env.bits(client)).toBe(idle);
  },

  'FIN after data: RECEIVE, and DISCONNECT at once or after the data was read': async (env) => {
    const { client, server } = await env.pair();
    client.send(byte);
    client.shutdown('send');
    await env.settle();
    const both = AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT;
    const alone = await env.bits(server, AFD_POLL_DISCONNECT);
    expect([0, AFD_POLL_DISCONNECT]).toContain(alone);
    expect((await env.bits(server)) & both).toBe(AFD_POLL_RECEIVE | alone);
    env.expectRows({ disconnectBehindData: alone === 0 ? 'silent' : 'reported' });
    server.recv(new Uint8Array(1));
    expect((await env.bits(server)) & both).toBe(AFD_POLL_DISCONNECT);
  },

  'shutdown of receiving on this side changes no reported event': onIP(async (env) => {
    const { client, server } = await env.pair();
    const { poll } = env.poller.arm([client], AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT);
    client.shutdown('receive');
    expect(env.poller.next(20)).toBeUndefined();
    env.poller.end(poll);
    expect(await env.bits(client)).toBe(idle);
    expect(await env.bits(server)).toBe(idle);
  }),

  'shutdown of sending on this side is reported to the peer': async (env) => {
    // Over AF_UNIX Linux reports a shutdown of receiving to the peer, too.
    for (const how of env.isOnIP ? (['send', 'both'] as const) : (['send'] as const)) {
      const { client, server } = await env.pair();
      const { poll } = env.poller.arm([client], AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT);
      client.shutdown(how);
      expect(env.poller.next(20)).toBeUndefined();
      env.poller.end(poll);
      expect(await env.bits(client)).toBe(idle);
      expect(await env.bits(server)).toBe(idle | AFD_POLL_DISCONNECT);
    }
  },

  'RST: ABORT on every poll; polls for RECEIVE or DISCONNECT alone report nothing': async (env) => {
    const { client, server } = await env.pair();
    await env.reset(client, server);
    await env.settle();
    for (let count = 0; count < 2; count += 1) {
      expect(await env.bits(server)).toBe(idle | AFD_POLL_ABORT);
      expect(await env.bits(server, AFD_POLL_ABORT)).toBe(AFD_POLL_ABORT);
    }
    expect(await env.bits(server, AFD_POLL_RECEIVE)).toBe(0);
    expect(await env.bits(server, AFD_POLL_DISCONNECT)).toBe(0);
  },

  'RST completes a poll that waits for ABORT': async (env) => {
    const { client, server } = await env.pair();
    const mask = AFD_POLL_RECEIVE | AFD_POLL_DISCONNECT | AFD_POLL_ABORT;
    const { poll } = env.poller.arm([server], mask);
    await env.reset(client, server);
    expect(env.poller.next(1_000)?.poll).toBe(poll);
    expect(poll.reported[0]).toMatchObject({ events: AFD_POLL_ABORT, status: 'STATUS_SUCCESS' });
  },

  'an urgent byte: RECEIVE_EXPEDITED without RECEIVE': onIP(async (env) => {
    const { client, server } = await env.pair();
    client.send(Buffer.from('!'), { oob: true });
    await env.settle();
    expect(await env.bits(server)).toBe(idle | AFD_POLL_RECEIVE_EXPEDITED);
    expect(await env.bits(server, AFD_POLL_RECEIVE)).toBe(0);
    const into = Buffer.alloc(2);
    expect(server.recv(into, { oob: true })).toBe(1);
    expect(into[0]).toBe(0x21);
    expect(await env.bits(server)).toBe(idle);
  }),

  'an urgent byte inline: RECEIVE': onIP(async (env) => {
    const { client, server } = await env.pair();
    server.setOption('oobInline', true);
    client.send(Buffer.from('!'), { oob: true });
    await env.settle();
    expect((await env.bits(server)) & AFD_POLL_RECEIVE).toBe(AFD_POLL_RECEIVE);
    expect(await env.eventually(() => server.recv(new Uint8Array(2)))).toBe(1);
  }),

  'a full send buffer: no SEND until the peer has read': async (env) => {
    const { client, server } = await env.pair();
    const chunk = new Uint8Array(65_536);
    const fill = async () => {
      let bytes = 0;
      for (let some = client.send(chunk); some !== wouldBlock; some = client.send(chunk)) {
        bytes += some;
      }
      return bytes;
    };
    let sent = await fill();
    // Bytes that arrive free send buffer space once more.
    await env.settle();
    sent += await fill();
    expect(await env.bits(client)).toBe(AFD_POLL_CONNECT);
    const { poll } = env.poller.arm([client], AFD_POLL_SEND);
    let got = 0;
    const into = new Uint8Array(65_536);
    while (got < sent) got += await env.eventually(() => server.recv(into));
    expect(env.poller.next(5_000)?.poll).toBe(poll);
    expect(await env.bits(client)).toBe(idle);
  },

  'UDP: SEND at once, and RECEIVE for a datagram, also for an empty datagram': onIP(async (env) => {
    const [a, b] = [0, 1].map(() => env.keep(env.creator.fromAddress(new UDPAddress())));
    if (a === undefined || b === undefined) throw new Error('no sockets');
    expect(await env.bits(b)).toBe(AFD_POLL_SEND);
    for (const bytes of [byte, new Uint8Array(0)]) {
      a.sendTo(bytes, b.localEndpoint());
      await env.settle();
      expect(await env.bits(b)).toBe(AFD_POLL_SEND | AFD_POLL_RECEIVE);
      expect(await env.eventually(() => b.recvFrom(new Uint8Array(4)))).toEqual({
        byteLength: bytes.byteLength,
        from: a.localEndpoint(),
      });
      expect(await env.bits(b)).toBe(AFD_POLL_SEND);
    }
  }),
});
