import { expect } from 'vitest';
import { contracts } from './contract.js';

/** Contracts about ports used by one thread. */
export const port = contracts({
  'a posted packet is removed unchanged, exactly once': ({ poller }) => {
    const packets: [bigint, bigint, number, bigint][] = [
      [0xdead_beefn, 5n, 0, 0n],
      [2n ** 64n - 1n, 2n ** 63n, 0xffff_ffff, 2n ** 64n - 1n],
      [0n, 0n, 0xc000_0120, 2n ** 53n + 1n],
    ];
    for (const packet of packets) {
      expect(poller.post(...packet)).toBe('STATUS_SUCCESS');
      const { key, apcContext, information } = poller.next(1_000) ?? {};
      expect([key, apcContext, information]).toEqual([packet[0], packet[1], packet[3]]);
    }
    expect(poller.take(1, 0).status).toBe('STATUS_TIMEOUT');
  },

  'first in, first out, several at a time': ({ poller }) => {
    for (const key of [1n, 2n, 3n]) poller.post(key, 0n, 0, 0n);
    expect(poller.depth()).toBe(3);
    expect(poller.take(2, 0).packets.map(({ key }) => key)).toEqual([1n, 2n]);
    expect(poller.take(4, undefined).packets.map(({ key }) => key)).toEqual([3n]);
    expect(poller.depth()).toBe(0);
  },

  'packets of polls and posted ones share one queue': async (env) => {
    const { client } = await env.pair();
    env.poller.post(1n, 1n, 0, 0n);
    const { poll } = env.poller.arm([client], 4);
    env.poller.post(2n, 1n, 0, 0n);
    const { packets } = env.poller.take(4, 1_000);
    expect(packets.map(({ key }) => key)).toEqual([1n, 0x77n, 2n]);
    env.poller.end(poll);
  },

  'a wait without a packet returns STATUS_TIMEOUT': ({ poller }) => {
    for (const timeoutMs of [0, 5]) {
      expect(poller.take(1, timeoutMs)).toEqual({ status: 'STATUS_TIMEOUT', packets: [] });
    }
  },

  'the count of removed packets after a time-out is unspecified': (env) => {
    env.poller.scratch.writeU32(472, 77);
    expect(env.poller.take(1, 0).status).toBe('STATUS_TIMEOUT');
    env.expectRows({ countAfterTimeout: env.poller.scratch.readU32(472) });
  },

  'a file keeps its port until it is closed': (env) => {
    const { poller } = env;
    const invalid = 0xc000_000d;
    const on = poller.openAfd();
    expect(poller.associate(on, poller.port, 1)).toBe(0);
    expect(poller.associate(on, poller.port, 1)).toBe(invalid);
    expect(poller.associate(on, poller.createPort(), 1)).toBe(invalid);
  },

  'a duplicated handle refers to the same port, and keeps it open': ({ poller, kernel }) => {
    const first = poller.createPort();
    const second = poller.duplicate(first);
    expect(second).not.toBe(first);
    expect(kernel.NtSetIoCompletion(second, 1, 2, 0, 0)).toBe(0);
    expect(poller.take(1, 0, first).packets).toHaveLength(1);
    expect(kernel.NtSetIoCompletion(first, 3, 4, 0, 0)).toBe(0);
    poller.closeHandle(first);
    expect(poller.take(1, 0, second).packets).toHaveLength(1);
  },

  'a handle of something other than a port is rejected, with the name of the status': ({
    poller,
    kernel,
  }) => {
    expect(kernel.NtSetIoCompletion(0x7ffc, 0, 0, 0, 0)).toBe(0xc000_0008);
    expect(kernel.NtSetIoCompletion(poller.afd, 0, 0, 0, 0)).toBe(0xc000_0024);
    expect(poller.take(1, 0, 0x7ffc).status).toBe('STATUS_INVALID_HANDLE');
    expect(poller.take(1, 0, poller.afd).status).toBe('STATUS_OBJECT_TYPE_MISMATCH');
    expect(kernel.NtClose(0x7ffc)).toBe(0xc000_0008);
  },

  'recv, send and connect post no packet for an associated socket': async (env) => {
    const listener = env.listen();
    const client = env.client(listener);
    expect(env.poller.associate(client.baseHandle(), env.poller.port, 1)).toBe(0);
    expect(env.poller.associate(listener.baseHandle(), env.poller.port, 2)).toBe(0);
    client.connect();
    const server = env.keep(await env.eventually(() => listener.accept()));
    await env.eventually(() => client.finishConnect());
    client.send(Buffer.from('x'));
    await env.eventually(() => server.recv(new Uint8Array(1)));
    expect(env.poller.next(20)).toBeUndefined();
    // An accepted socket has no port yet.
    expect(env.poller.associate(server.baseHandle(), env.poller.port, 3)).toBe(0);
  },

  'a socket that is not overlapped cannot be associated': (env) => {
    const skt = env.listen(); // Keeps Winsock up.
    const plain = env.kernel.WSASocketW(2, 1, 6, 0, 0, 0);
    expect(env.poller.associate(Number(plain), env.poller.port, 1)).toBe(0xc000_000d);
    expect(env.kernel.closesocket(plain)).toBe(0);
    skt.close();
  },
});
