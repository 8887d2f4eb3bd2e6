import { AFD_POLL_ACCEPT, AFD_POLL_LOCAL_CLOSE, AFD_POLL_RECEIVE, AFD_POLL_SEND } from 'ntdllx';
import { expect } from 'vitest';
import { contracts } from './contract.js';

const byte = Buffer.from('x');

/** Contracts about several sockets in a poll, and several polls of a socket. */
export const several = contracts({
  'the output names the ready sockets only, in the order of the request': async (env) => {
    const pairs = [await env.pair(), await env.pair(), await env.pair()];
    pairs[2]?.client.send(byte);
    pairs[1]?.client.send(byte);
    await env.settle();
    const servers = pairs.map(({ server }) => server);
    const { poll } = env.poller.arm(servers, AFD_POLL_RECEIVE);
    expect(env.poller.next(1_000)).toMatchObject({ poll, information: 48n });
    expect(poll.reported.map(({ handle }) => handle)).toEqual(
      servers.slice(1).map((skt) => BigInt(skt.baseHandle())),
    );
    // The output after the reported entries still contains the request.
    expect(poll.output.handle(2).Handle).toBe(BigInt(servers[2]?.baseHandle() ?? 0));
  },

  'a pending poll of many sockets completes with the first ready socket': async (env) => {
    const pairs = [await env.pair(), await env.pair()];
    const servers = pairs.map(({ server }) => server);
    const { poll } = env.poller.arm(servers, AFD_POLL_RECEIVE);
    pairs[1]?.client.send(byte);
    expect(env.poller.next(1_000)).toMatchObject({ poll, information: 32n });
    expect(poll.reported).toHaveLength(1);
    expect(poll.reported[0]?.handle).toBe(BigInt(servers[1]?.baseHandle() ?? 0));
    pairs[0]?.client.send(byte);
    expect(env.poller.next(20)).toBeUndefined();
  },

  '64 sockets in one poll': async (env) => {
    const listeners = Array.from({ length: 64 }, () => env.listen());
    const { poll } = env.poller.arm(listeners, AFD_POLL_ACCEPT);
    env.connectTo(listeners[40] ?? env.listen());
    expect(env.poller.next(1_000)).toMatchObject({ poll, information: 32n });
    expect(poll.reported[0]?.handle).toBe(BigInt(listeners[40]?.baseHandle() ?? 0));
  },

  'one socket twice in a poll: both entries are reported, or one if the poll was pending': async (
    env,
  ) => {
    const { client, server } = await env.pair();
    const now = env.poller.arm([client, client], AFD_POLL_SEND).poll;
    expect(env.poller.next(1_000)).toMatchObject({ poll: now, information: 48n });
    const later = env.poller.arm([server, server], AFD_POLL_RECEIVE).poll;
    client.send(byte);
    expect(env.poller.next(1_000)).toMatchObject({ poll: later, information: 32n });
  },

  'two polls of one socket both complete': async (env) => {
    const { client, server } = await env.pair();
    const other = env.poller.openAfd();
    expect(env.poller.associate(other, env.poller.port, 5)).toBe(0);
    const polls = [
      env.poller.arm([server], AFD_POLL_RECEIVE).poll,
      env.poller.arm([server], AFD_POLL_RECEIVE, { on: other }).poll,
    ];
    client.send(byte);
    const packets = [env.poller.next(1_000), env.poller.next(1_000)];
    expect(new Set(packets.map((packet) => packet?.poll))).toEqual(new Set(polls));
    expect(env.poller.next(20)).toBeUndefined();
  },

  'two polls of one socket for different events: only the matching poll completes': async (env) => {
    const { client, server } = await env.pair();
    const other = env.poller.openAfd();
    expect(env.poller.associate(other, env.poller.port, 5)).toBe(0);
    const receive = env.poller.arm([server], AFD_POLL_RECEIVE).poll;
    const send = env.poller.arm([server], AFD_POLL_SEND, { on: other }).poll;
    expect(env.poller.next(1_000)).toMatchObject({ poll: send, key: 5n });
    expect(env.poller.next(20)).toBeUndefined();
    client.send(byte);
    expect(env.poller.next(1_000)).toMatchObject({ poll: receive, key: 0x77n });
  },

  'an exclusive poll completes the earlier exclusive poll, with no handle': async (env) => {
    const { server } = await env.pair();
    const options = { isExclusive: true };
    const first = env.poller.arm([server], AFD_POLL_RECEIVE, options).poll;
    const second = env.poller.arm([server], AFD_POLL_RECEIVE, options).poll;
    const packet = env.poller.next(1_000);
    expect(packet).toMatchObject({ poll: first, status: 'STATUS_SUCCESS', information: 16n });
    expect(first.output.NumberOfHandles).toBe(0);
    expect(second.isPending).toBe(true);
  },

  'exclusive and ordinary polls do not complete each other': async (env) => {
    const { server } = await env.pair();
    for (const isFirst of [true, false]) {
      const a = env.poller.arm([server], AFD_POLL_RECEIVE, { isExclusive: isFirst }).poll;
      const b = env.poller.arm([server], AFD_POLL_RECEIVE, { isExclusive: !isFirst }).poll;
      expect(env.poller.next(20)).toBeUndefined();
      expect([a.isPending, b.isPending]).toEqual([true, true]);
      env.poller.end(a);
      env.poller.end(b);
    }
  },

  'one poll posts one packet, also when more events follow': async (env) => {
    const { client, server } = await env.pair();
    const { poll } = env.poller.arm([server], AFD_POLL_RECEIVE);
    client.send(byte);
    expect(env.poller.next(1_000)?.poll).toBe(poll);
    client.send(byte);
    expect(env.poller.next(20)).toBeUndefined();
  },
});

/** Contracts about polls that end early. */
export const endings = contracts({
  'a cancelled poll: one packet with CANCELLED, and the output is unchanged': async (env) => {
    const { client } = await env.pair();
    const { poll } = env.poller.arm([client], AFD_POLL_RECEIVE);
    expect(env.poller.cancel(poll)).toBe('STATUS_SUCCESS');
    expect(env.poller.next(1_000)).toMatchObject({
      poll,
      status: 'STATUS_CANCELLED',
      information: 0n,
    });
    expect(poll.iosb).toMatchObject({ Status: 0xc000_0120, Information: 0n });
    expect(poll.output.NumberOfHandles).toBe(1);
    expect(poll.output.handle(0)).toMatchObject({ Events: AFD_POLL_RECEIVE, Status: 0xdead_beef });
    expect(env.poller.cancel(poll)).toBe('STATUS_NOT_FOUND');
    expect(env.poller.next(20)).toBeUndefined();
  },

  'a cancelled poll with a null ApcContext: no packet': async (env) => {
    const { client } = await env.pair();
    const { poll } = env.poller.arm([client], AFD_POLL_RECEIVE, { apcContext: 0 });
    expect(env.poller.cancel(poll)).toBe('STATUS_SUCCESS');
    expect(env.poller.next(20)).toBeUndefined();
    expect(poll.iosb.Status).toBe(0xc000_0120);
  },

  'a cancel after the completion: NOT_FOUND, and the packet is unchanged': async (env) => {
    const { client, server } = await env.pair();
    const { poll } = env.poller.arm([server], AFD_POLL_RECEIVE);
    client.send(byte);
    await env.settle();
    expect(env.poller.depth()).toBe(1);
    expect(env.poller.cancel(poll)).toBe('STATUS_NOT_FOUND');
    expect(env.poller.next(0)).toMatchObject({ poll, status: 'STATUS_SUCCESS', information: 32n });
  },

  'a cancel through another handle finds no request': async (env) => {
    const { client } = await env.pair();
    const { poll } = env.poller.arm([client], AFD_POLL_RECEIVE);
    expect(env.poller.cancel(poll, env.poller.openAfd())).toBe('STATUS_NOT_FOUND');
    expect(poll.isPending).toBe(true);
  },

  'a cancel of all polls: one packet for each': async (env) => {
    const { client, server } = await env.pair();
    for (const isEx of [true, false]) {
      const polls = [client, server].map((skt) => env.poller.arm([skt], AFD_POLL_RECEIVE).poll);
      expect(env.poller.cancelAll(env.poller.afd, isEx)).toBe('STATUS_SUCCESS');
      const packets = [env.poller.next(1_000), env.poller.next(1_000)];
      expect(new Set(packets.map((packet) => packet?.poll))).toEqual(new Set(polls));
      for (const packet of packets) expect(packet?.status).toBe('STATUS_CANCELLED');
    }
  },

  'a cancel of all polls when none is pending': (env) => {
    const { poller } = env;
    expect(poller.cancelAll(poller.afd, false)).toBe('STATUS_SUCCESS');
    env.expectRows({ cancelOfNothing: poller.cancelAll(poller.afd, true) });
  },

  'closing the socket completes its poll with LOCAL_CLOSE, for any mask': async (env) => {
    for (const mask of [AFD_POLL_RECEIVE, AFD_POLL_LOCAL_CLOSE]) {
      const { client } = await env.pair();
      const handle = BigInt(client.baseHandle());
      const { poll } = env.poller.arm([client], mask);
      client.close();
      const packet = env.poller.next(1_000);
      expect(packet).toMatchObject({ poll, status: 'STATUS_SUCCESS', information: 32n });
      expect(poll.reported).toEqual([
        { handle, events: AFD_POLL_LOCAL_CLOSE, status: 'STATUS_SUCCESS' },
      ]);
      expect(env.poller.cancel(poll)).toBe('STATUS_NOT_FOUND');
    }
  },

  'closing the socket completes a poll on the socket\u2019s own handle with LOCAL_CLOSE, too':
    async (env) => {
      const { client } = await env.pair();
      const on = client.baseHandle();
      expect(env.poller.associate(on, env.poller.port, 3)).toBe(0);
      const { poll } = env.poller.arm([client], AFD_POLL_RECEIVE, { on });
      client.close();
      expect(env.poller.next(1_000)).toMatchObject({ poll, key: 3n, information: 32n });
      expect(poll.reported[0]?.events).toBe(AFD_POLL_LOCAL_CLOSE);
      expect(env.poller.next(20)).toBeUndefined();
    },

  'LOCAL_CLOSE in a poll of many sockets reports only the closed socket': async (env) => {
    const [a, b] = [await env.pair(), await env.pair()];
    const { poll } = env.poller.arm([a.client, b.client], AFD_POLL_RECEIVE);
    const handle = BigInt(b.client.baseHandle());
    b.client.close();
    expect(env.poller.next(1_000)).toMatchObject({ poll, information: 32n });
    expect(poll.reported[0]).toMatchObject({ handle, events: AFD_POLL_LOCAL_CLOSE });
  },

  'closing the handle on which a poll was submitted': async (env) => {
    const { poller } = env;
    const { client } = await env.pair();
    const on = poller.openAfd();
    expect(poller.associate(on, poller.port, 11)).toBe(0);
    const { poll } = poller.arm([client], AFD_POLL_RECEIVE, { on, timeout100ns: -500_000n });
    poller.closeHandle(on);
    const atOnce = poller.next(0);
    const packet = atOnce ?? poller.next(1_000);
    expect(packet).toMatchObject({ poll, key: 11n });
    if (atOnce !== undefined) expect(packet?.information).toBe(0n);
    env.expectRows({ closeOfPollingHandle: packet?.status as string });
  },

  'after the port is closed the kernel still writes the block of a pending poll': async (env) => {
    const { poller } = env;
    const { client, server } = await env.pair();
    const [port, on] = [poller.createPort(), poller.openAfd()];
    expect(poller.associate(on, port, 1)).toBe(0);
    const { poll } = poller.arm([server], AFD_POLL_RECEIVE, { on });
    poller.closeHandle(port);
    client.send(byte);
    await env.settle();
    expect(poll.iosb.Status).toBe(0);
    expect(poll.reported[0]?.events).toBe(AFD_POLL_RECEIVE);
  },

  'the kernel reuses a handle value soon': (env) => {
    const first = env.listen();
    const value = Number(first.socket);
    first.close();
    const isSame = Number(env.listen().socket) === value;
    env.expectRows({ handleReuse: isSame ? 'the one that was closed' : 'another' });
  },
});
