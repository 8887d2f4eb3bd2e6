import { AFD_POLL_RECEIVE, AFD_POLL_SEND } from 'ntdllx';
import { createSimNt, type Injection, SimDeadlockError, type SimNtOptions } from 'sim-nt';
import { UDPAddress, wouldBlock } from 'tofu-sockets';
import { describe, expect, test } from 'vitest';
import { Environment } from './contract/environment.js';

function make(options: Partial<SimNtOptions> = {}) {
  const sim = createSimNt({ seed: 7, ...options });
  const env = new Environment({
    kernel: sim.kernel,
    expected: sim.profile.name,
    over: 'IP',
    settle: async (limitMs) => sim.advance(limitMs),
    systemTime100ns: sim.systemTime100ns,
  });
  return { sim, env, poller: env.poller };
}

describe('each injection, once', () => {
  test('pendingAlthoughDone: STATUS_PENDING although the packet is on the port already', async () => {
    const { sim, env, poller } = make();
    const { client } = await env.pair();
    sim.force('pendingAlthoughDone');
    const { poll, status } = poller.arm([client], AFD_POLL_SEND);
    expect(status).toBe('STATUS_PENDING');
    expect(poller.next(0)?.poll).toBe(poll);
    expect(poller.arm([client], AFD_POLL_SEND).status).toBe('STATUS_SUCCESS');
  });

  test('late: the poll has completed without its packet; a cancel finds nothing', async () => {
    const { sim, env, poller } = make({ seed: 3 });
    const { client, server } = await env.pair();
    const { poll } = poller.arm([server], AFD_POLL_RECEIVE);
    sim.force('late');
    client.send(Buffer.from('x'));
    expect(sim.pending).toBe(0);
    expect(poll.isPending).toBe(true);
    expect(poller.cancel(poll)).toBe('STATUS_NOT_FOUND');
    expect(poller.next(10)).toMatchObject({ poll, status: 'STATUS_SUCCESS', information: 32n });
    expect(sim.nowMs()).toBeLessThanOrEqual(3);
  });

  test('displaced: success with no handle', async () => {
    const { sim, env, poller } = make();
    const { client } = await env.pair();
    const { poll } = poller.arm([client], AFD_POLL_RECEIVE);
    sim.force('displaced');
    expect(poller.next(0)).toMatchObject({ poll, status: 'STATUS_SUCCESS', information: 16n });
    expect(poll.output.NumberOfHandles).toBe(0);
  });

  test('cancelRace: exactly one packet, whether the completion or the cancel came first', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed += 1) {
      const { sim, env, poller } = make({ seed, network: 'lazy' });
      const { client, server } = await env.pair();
      const { poll } = poller.arm([server], AFD_POLL_RECEIVE);
      if (seed % 2 === 0) client.send(Buffer.from('x'));
      sim.force('cancelRace');
      const said = poller.cancel(poll);
      const packet = poller.next(0);
      expect(packet?.poll).toBe(poll);
      if (said === 'STATUS_NOT_FOUND') expect(packet?.status).toBe('STATUS_SUCCESS');
      expect(poller.next(5)).toBeUndefined();
      seen.add(`${said} ${packet?.status} ${packet?.information}`);
      env.close();
      expect(sim.violations).toEqual([]);
    }
    for (const one of ['STATUS_SUCCESS STATUS_CANCELLED 0', 'STATUS_NOT_FOUND STATUS_SUCCESS 32']) {
      expect([...seen]).toContain(one);
    }
    expect([...seen]).toContain('STATUS_SUCCESS STATUS_SUCCESS 32');
  });

  test('stray: a packet that belongs to no request', () => {
    const { sim, poller } = make();
    sim.force('stray', 3);
    for (let count = 0; count < 3; count += 1) {
      const packet = poller.next(0);
      expect(packet).toBeDefined();
      expect(packet?.poll).toBeUndefined();
    }
    expect(poller.next(0)).toBeUndefined();
  });

  test.each([
    ['refuse', 'STATUS_INSUFFICIENT_RESOURCES'],
    ['refuseHandle', 'STATUS_INVALID_HANDLE'],
  ] as const)('%s: the kernel starts no poll', async (injection, status) => {
    const { sim, env, poller } = make();
    const { client } = await env.pair();
    sim.force(injection);
    const armed = poller.arm([client], AFD_POLL_SEND);
    expect(armed.status).toBe(status);
    armed.poll.memory.fill(0);
    poller.free(armed.poll);
    expect(poller.next(0)).toBeUndefined();
    expect(sim.violations).toEqual([]);
  });

  test('postFails: NtSetIoCompletion posts no packet', () => {
    const { sim, poller } = make();
    sim.force('postFails');
    expect(poller.post(1n, 1n, 0, 0n)).toBe('STATUS_INSUFFICIENT_RESOURCES');
    expect(poller.next(0)).toBeUndefined();
  });

  test('acceptReset: accept fails, and the waiting connection is closed', () => {
    const { sim, env } = make();
    const listener = env.listen();
    env.connectTo(listener);
    sim.force('acceptReset');
    expect(() => listener.accept()).toThrowError(
      expect.objectContaining({ wsaName: 'WSAECONNRESET' }),
    );
    env.connectTo(listener);
    expect(listener.accept()).toMatchObject({ kind: 'accepted' });
  });

  test('sendFull: a send would block, and SEND is reported when the buffer has room', async () => {
    const { sim, env, poller } = make();
    const socket = () => env.keep(env.creator.fromAddress(new UDPAddress()));
    const [sender, receiver] = [socket(), socket()];
    sim.force('sendFull');
    const send = () => sender.sendTo(Buffer.from('x'), receiver.localEndpoint());
    expect(send()).toBe(wouldBlock);
    const { status } = poller.arm([sender], AFD_POLL_SEND);
    expect([status, send()]).toEqual(['STATUS_PENDING', wouldBlock]);
    expect(poller.next(10)).toMatchObject({ status: 'STATUS_SUCCESS', information: 32n });
    expect(sim.nowMs()).toBeLessThanOrEqual(3);
    expect(send()).toBe(1);
    const into = Buffer.alloc(8);
    expect(receiver.recvFrom(into)).toMatchObject({ byteLength: 1 });
    expect(receiver.recvFrom(into)).toBe(wouldBlock);
  });

  test('shuffle: polls that complete at the same time arrive in different orders', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 40; seed += 1) {
      const { sim, env, poller } = make({ seed, inject: { shuffle: 1 } });
      const { client, server } = await env.pair();
      const polls = [1, 2, 3].map(() => poller.arm([server], AFD_POLL_RECEIVE).poll);
      client.send(Buffer.from('x'));
      orders.add(
        poller
          .take(3, 0)
          .packets.map(({ poll }) => polls.indexOf(poll as never))
          .join(),
      );
      env.close();
      expect(sim.violations).toEqual([]);
    }
    expect(orders.size).toBe(6);
  });
});

test('an unknown injection or a wrong probability is rejected', () => {
  expect(() => make({ inject: { shuffle: 2 } })).toThrowError(
    'The injection shuffle has the probability 2',
  );
  expect(() => make({ inject: { ['x' as Injection]: 1 } })).toThrowError(
    'The injection x has the probability 1',
  );
  expect(() => createSimNt({ seed: 0.5 })).toThrowError(
    'The seed must be a whole number, got 0.5.',
  );
});

describe('time', () => {
  test('a wait takes no real time, and its whole time-out in simulated time', () => {
    const { sim, poller } = make();
    // An hour: if this wait really blocked, the test would fail by its own time-out.
    expect(poller.take(1, 3_600_000).status).toBe('STATUS_TIMEOUT');
    expect(sim.nowMs()).toBe(3_600_000);
  });

  test('a wait without a limit ends when another thread posts a packet', () => {
    const { sim, poller } = make();
    sim.at(250, () => poller.post(5n, 0n, 0, 0n));
    expect(poller.take(1, undefined).packets).toMatchObject([{ key: 5n }]);
    expect(sim.nowMs()).toBe(250);
  });

  test('a wait that no event can end throws an error', () => {
    const { sim, poller } = make();
    expect(() => poller.take(1, undefined)).toThrowError(SimDeadlockError);
    expect(sim.violations).toHaveLength(1);
  });
});
