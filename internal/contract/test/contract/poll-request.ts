import {
  AFD_POLL_ACCEPT,
  AFD_POLL_CONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  AFD_POLL_SEND,
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FILE_SKIP_SET_EVENT_ON_HANDLE,
} from 'ntdllx';
import { expect } from 'vitest';
import { contracts } from './contract.js';
import type { Environment } from './environment.js';

const everything = 0x1ff;
const idle = AFD_POLL_SEND | AFD_POLL_CONNECT;

/** Expects that the kernel rejects a poll: it writes nothing and queues no packet. */
async function expectRefused(
  env: Environment,
  status: string,
  lies: NonNullable<Parameters<Environment['poller']['arm']>[2]>['lies'],
  more: { hasTwoBuffers?: boolean } = {},
): Promise<void> {
  const { poller } = env;
  const { client } = await env.pair();
  const armed = poller.arm([client], everything, { lies: lies ?? {}, ...more });
  expect(armed.status).toBe(status);
  expect(armed.poll.isPending).toBe(true);
  expect(poller.next(0)).toBeUndefined();
  poller.free(armed.poll);
}

/** Contracts about the poll request: its input and its completion. */
export const pollRequest = contracts({
  'a poll on the socket itself, and on a handle of AFD': async (env) => {
    const { client, server } = await env.pair();
    const { poller } = env;
    expect(poller.associate(client.baseHandle(), poller.port, 9)).toBe(0);
    for (const [on, of, key] of [
      [client.baseHandle(), client, 9n],
      [client.baseHandle(), server, 9n],
      [poller.afd, client, 0x77n],
    ] as const) {
      const { poll } = poller.arm([of], everything, { on });
      const packet = poller.next(1_000);
      expect(packet).toMatchObject({ poll, key, status: 'STATUS_SUCCESS', information: 32n });
      expect(poll.reported[0]).toMatchObject({ events: idle, status: 'STATUS_SUCCESS' });
      expect(poll.reported[0]?.handle).toBe(BigInt(of.baseHandle()));
      poller.end(poll);
    }
  },

  'AFD opens under any name below \\Device\\Afd; no other device name opens AFD': ({
    poller,
    kernel,
  }) => {
    for (const name of ['\\Device\\Afd', '\\Device\\Afd\\', '\\Device\\Afd\\foo']) {
      expect(poller.tryOpen(name)).toBe(0);
      kernel.NtClose(poller.scratch.readPointer(0));
    }
    expect(poller.tryOpen('\\Device\\NoSuchDevice')).toBeGreaterThan(0xc000_0000);
  },

  'with a null ApcContext no packet is posted, but the kernel writes the block': async (env) => {
    const { client } = await env.pair();
    const { poll } = env.poller.arm([client], AFD_POLL_SEND, { apcContext: 0 });
    expect(env.poller.next(30)).toBeUndefined();
    expect(poll.isPending).toBe(false);
    expect(poll.reported[0]?.events).toBe(AFD_POLL_SEND);
  },

  'the packet returns any other ApcContext with all 64 bits': async (env) => {
    const { client } = await env.pair();
    for (const apcContext of [5, 2n ** 64n - 1n, 2n ** 53n + 1n]) {
      const { poll } = env.poller.arm([client], AFD_POLL_SEND, { apcContext });
      expect(env.poller.next(1_000)?.apcContext).toBe(BigInt(apcContext));
      env.poller.end(poll);
    }
  },

  'a poll of a ready socket completes at once, with success and one packet': async (env) => {
    const { client } = await env.pair();
    const { poll, status } = env.poller.arm([client], AFD_POLL_SEND);
    env.expectRows({ statusOfReadyPoll: status });
    expect(env.poller.next(1_000)?.poll).toBe(poll);
    expect(env.poller.next(20)).toBeUndefined();
  },

  'a time-out of 0: success, no handle, and Events is unchanged': (env) => {
    const { poll, status } = env.poller.arm([env.listen()], AFD_POLL_ACCEPT, { timeout100ns: 0n });
    env.expectRows({ statusOfReadyPoll: status });
    expect(env.poller.next(1_000)).toMatchObject({ status: 'STATUS_SUCCESS', information: 16n });
    expect(poll.output.NumberOfHandles).toBe(0);
    expect(poll.output.handle(0).Events).toBe(AFD_POLL_ACCEPT);
    expect(poll.output.handle(0).Status).toBe(0xdead_beef);
    expect(poll.output.Timeout).toBe(0n);
  },

  'a relative time-out: STATUS_TIMEOUT, no handle, and Events is unchanged': (env) => {
    const { poller } = env;
    const { poll, status } = poller.arm([env.listen()], AFD_POLL_ACCEPT, {
      timeout100ns: -300_000n,
    });
    expect(status).toBe('STATUS_PENDING');
    expect(poller.next(5)).toBeUndefined();
    expect(poll.isPending).toBe(true);
    expect(poller.next(1_000)).toMatchObject({ status: 'STATUS_TIMEOUT', information: 16n });
    expect(poll.output.NumberOfHandles).toBe(0);
    expect(poll.output.handle(0).Events).toBe(AFD_POLL_ACCEPT);
    expect(poll.output.handle(0).Status).toBe(0xdead_beef);
    expect(poll.output.Timeout).toBe(-300_000n);
  },

  'an absolute time-out, past or future: the poll is pending, then times out': (env) => {
    const now = env.host.systemTime100ns();
    for (const timeout100ns of [now - 10_000_000n, now + 300_000n]) {
      const { poll, status } = env.poller.arm([env.listen()], AFD_POLL_ACCEPT, { timeout100ns });
      expect(status).toBe('STATUS_PENDING');
      expect(env.poller.next(1_000)).toMatchObject({ poll, status: 'STATUS_TIMEOUT' });
    }
  },

  'the largest and the smallest time-out never expire': (env) => {
    const isNeverOver = (timeout100ns: bigint) => {
      const { poll } = env.poller.arm([env.listen()], AFD_POLL_ACCEPT, { timeout100ns });
      const packet = env.poller.next(20);
      return packet === undefined && poll.isPending;
    };
    expect(isNeverOver(2n ** 63n - 1n)).toBe(true);
    env.expectRows({ smallestTimeout: isNeverOver(-(2n ** 63n)) ? 'pending' : 'over' });
  },

  'two buffers: the kernel writes the output and leaves the input unchanged': async (env) => {
    const { client } = await env.pair();
    const { poll } = env.poller.arm([client], everything, { hasTwoBuffers: true });
    expect(env.poller.next(1_000)?.poll).toBe(poll);
    expect(poll.reported[0]?.events).toBe(idle);
    expect(poll.output.Timeout).toBe(2n ** 63n - 1n);
    expect(poll.input.handle(0)).toMatchObject({ Events: everything, Status: 0xdead_beef });
  },

  'an output buffer that is smaller than the input is rejected': async (env) => {
    await expectRefused(env, 'STATUS_INVALID_PARAMETER', { outLength: 16 });
    await expectRefused(env, 'STATUS_INVALID_PARAMETER', { outLength: 0 });
  },

  'a count of 0 sockets, or of more than the buffer holds, is rejected': async (env) => {
    await expectRefused(env, 'STATUS_INVALID_PARAMETER', { inLength: 16 });
    await expectRefused(env, 'STATUS_INVALID_PARAMETER', { count: 0 });
    await expectRefused(env, 'STATUS_INVALID_PARAMETER', { count: 2 });
  },

  'a handle of something other than a socket is rejected': async (env) => {
    await expectRefused(env, 'STATUS_INVALID_HANDLE', { handles: [0x7ffc] });
  },

  'a closed socket is rejected': async (env) => {
    const { client, server } = await env.pair();
    const handle = client.baseHandle();
    client.close();
    const armed = env.poller.arm([server, handle], everything);
    expect(armed.status).toBe('STATUS_INVALID_HANDLE');
    env.poller.free(armed.poll);
  },

  'a poll on a closed handle is rejected': async (env) => {
    const { client } = await env.pair();
    const on = env.poller.openAfd();
    env.poller.closeHandle(on);
    const armed = env.poller.arm([client], everything, { on });
    expect(armed.status).toBe('STATUS_INVALID_HANDLE');
    env.poller.free(armed.poll);
  },

  'a poll without event bits is pending until the socket is closed': async (env) => {
    const { client } = await env.pair();
    const { poll, status } = env.poller.arm([client], 0);
    expect(status).toBe('STATUS_PENDING');
    expect(env.poller.next(20)).toBeUndefined();
    client.close();
    expect(env.poller.next(1_000)?.poll).toBe(poll);
    expect(poll.reported[0]?.events).toBe(AFD_POLL_LOCAL_CLOSE);
  },

  'the kernel does not write the block of a pending poll': (env) => {
    const { poll } = env.poller.arm([env.listen()], AFD_POLL_ACCEPT);
    expect(env.poller.next(20)).toBeUndefined();
    expect(poll.iosb.Status).toBe(0x103);
    expect(poll.iosb.Information).toBe(0n);
    expect(poll.output.handle(0)).toMatchObject({ Events: AFD_POLL_ACCEPT, Status: 0xdead_beef });
  },

  'SKIP_COMPLETION_PORT_ON_SUCCESS: no packet for a poll that completes at once, one for a pending poll':
    async (env) => {
      const { poller } = env;
      const { client, server } = await env.pair();
      expect(poller.setNotificationModes(poller.afd, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)).toBe(0);
      const { poll, status } = poller.arm([client], AFD_POLL_SEND);
      expect(status).toBe('STATUS_SUCCESS');
      expect(poll.reported[0]?.events).toBe(AFD_POLL_SEND);
      expect(poller.next(20)).toBeUndefined();
      const { poll: later, status: pending } = poller.arm([server], AFD_POLL_RECEIVE);
      expect(pending).toBe('STATUS_PENDING');
      client.send(Buffer.from('x'));
      expect(poller.next(1_000)?.poll).toBe(later);
    },

  'SKIP_SET_EVENT_ON_HANDLE does not change packets': async (env) => {
    const { client } = await env.pair();
    expect(env.poller.setNotificationModes(env.poller.afd, FILE_SKIP_SET_EVENT_ON_HANDLE)).toBe(0);
    const { poll } = env.poller.arm([client], AFD_POLL_SEND);
    expect(env.poller.next(1_000)?.poll).toBe(poll);
  },

  'a file without a port: the kernel writes the block and posts no packet': async (env) => {
    const { client } = await env.pair();
    const { poll } = env.poller.arm([client], AFD_POLL_SEND, { on: env.poller.openAfd() });
    await env.settle();
    expect(poll.isPending).toBe(false);
    expect(env.poller.next(0)).toBeUndefined();
  },
});
