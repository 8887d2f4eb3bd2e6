import { AfdPoller, PollEvents, PollRefusedError } from 'afd-poller';
import { AFD_POLL_INFO, type Kernel } from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { type Skt, SocketCreator, UDPAddress } from 'tofu-sockets';
import { describe, expect, test } from 'vitest';

// The way `group`: who shares a request with whom, counted in requests and in sockets named by them.

const oneHandle = AFD_POLL_INFO.byteLength(1);
const handleBytes = AFD_POLL_INFO.byteLength(2) - oneHandle;

/** Numbers from 0 on, mixed; the same ones for the same seed. */
function mixed(count: number, seed: number): number[] {
  const list = Array.from({ length: count }, (_, index) => index);
  let x = seed;
  for (let index = count - 1; index > 0; index -= 1) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    const other = x % (index + 1);
    [list[index], list[other]] = [list[other] as number, list[index] as number];
  }
  return list;
}

/** A poller on a simulated kernel that counts requests, and can run out of memory. */
function stage(count: number) {
  const sim = createSimNt({ seed: 1 });
  const did = { requests: 0, handles: 0 };
  const memory = { isOut: false };
  const kernel: Kernel = {
    ...sim.kernel,
    allocate: (byteLength) => {
      if (memory.isOut) throw new Error('out of memory');
      return sim.kernel.allocate(byteLength);
    },
    NtDeviceIoControlFile: (...args) => {
      did.requests += 1;
      did.handles += 1 + (args[7] - oneHandle) / handleBytes;
      return sim.kernel.NtDeviceIoControlFile(...args);
    },
  };
  const creator = new SocketCreator(kernel);
  const udp = () => creator.fromAddress(new UDPAddress('127.0.0.1', 0));
  const sender = udp();
  const skts = Array.from({ length: count }, udp);
  const poller = new AfdPoller<number>({
    way: 'group',
    kernel,
    now: sim.nowMs,
    allowMainThread: true,
  });
  for (const [token, skt] of skts.entries()) poller.add(skt, { receive: true }, token);
  const list = new PollEvents<number>(1_024);
  const send = (token: number) => {
    sender.sendTo(Buffer.from('x'), (skts[token] as Skt).localEndpoint());
  };
  /** Waits, and receives of whoever is told. @returns their tokens. */
  const serve = () =>
    [...poller.wait(5, list)].map(({ token, skt }) => {
      (skt as Skt).recvFrom(Buffer.alloc(4));
      return token as number;
    });
  /** One after the other becomes ready, and is told alone. @returns sockets named per event. */
  const oneByOne = (tokens: readonly number[]) => {
    const before = did.handles;
    for (const token of tokens) {
      send(token);
      expect(serve()).toEqual([token]);
    }
    // What the last one costs comes with the next wait.
    expect(serve()).toEqual([]);
    return (did.handles - before) / tokens.length;
  };
  const end = () => {
    poller.verify();
    poller.close();
    for (const skt of [sender, ...skts]) skt.close();
    expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
  };
  return { sim, did, memory, skts, sender, poller, list, send, serve, oneByOne, end };
}

describe.each([64, 1_000])('%i sockets', (count) => {
  test('one ready at a time: soon each has a request of its own', () => {
    const { poller, serve, oneByOne, end } = stage(count);
    expect(serve()).toEqual([]);
    for (let round = 0; round < 2; round += 1) oneByOne(mixed(count, round));
    expect(poller.inspect().pending).toBe(count);
    expect(oneByOne(mixed(count, 7))).toBeLessThanOrEqual(3);
    // And stays so.
    expect(oneByOne(mixed(count, 8))).toBeLessThanOrEqual(2);
    end();
  });

  test('all ready in every wait: a request for each 64 of them', () => {
    const { did, poller, list, send, oneByOne, end } = stage(count);
    // In requests of their own first: then they come together.
    for (let round = 0; round < 2; round += 1) oneByOne(mixed(count, round));
    for (const token of mixed(count, 3)) send(token);
    // A packet for each of them, which is more than one wait takes.
    for (let wait = 0; wait < 8; wait += 1) poller.wait(5, list);
    const before = did.requests;
    for (let wait = 0; wait < 4; wait += 1) expect(poller.wait(5, list)).toHaveLength(count);
    expect((did.requests - before) / (4 * count)).toBeLessThanOrEqual(1 / 32);
    end();
  });

  test('removed and closed while their request is pending: still so, and none is left', () => {
    const { sim, poller, skts, serve, oneByOne, end } = stage(count);
    serve();
    const order = mixed(count, 5);
    oneByOne(order.slice(0, count / 2));
    // Some that are in a crowd, and some that are alone.
    for (const [index, token] of order.entries()) {
      const skt = skts[token] as Skt;
      if (index % 4 === 1) poller.remove(skt);
      if (index % 4 === 3) skt.close();
      if (index % 16 === 0) expect(serve()).toEqual([]);
    }
    expect(serve()).toEqual([]);
    poller.verify();
    const left = order.filter((_, index) => index % 2 === 0);
    expect(poller.inspect()).toMatchObject({ registrations: count / 2, pending: count / 2 });
    for (const token of left) expect(sim.pollsOf((skts[token] as Skt).baseHandle())).toBe(1);
    for (let round = 0; round < 2; round += 1) oneByOne(left);
    expect(oneByOne(left.toReversed())).toBeLessThanOrEqual(3);
    end();
  });
});

describe('native memory runs out while a group is made', () => {
  test('the wait says it, and afterwards each is polled once', () => {
    const { sim, did, memory, skts, poller, send, serve, end } = stage(100);
    memory.isOut = true;
    for (let round = 0; round < 2; round += 1) {
      let refusal: unknown;
      try {
        poller.wait(1_000);
      } catch (error) {
        refusal = error;
      }
      expect(refusal).toBeInstanceOf(PollRefusedError);
      expect(refusal).toMatchObject({ code: 'ERR_POLL_REFUSED', skt: skts[0], token: 0 });
      expect(String(refusal)).toMatch(/allocate returned STATUS_NO_MEMORY/);
      expect(poller.inspect()).toMatchObject({ registrations: 100, pending: 0 });
    }
    expect(did.requests).toBe(0);
    memory.isOut = false;
    expect(serve()).toEqual([]);
    expect(did).toEqual({ requests: 2, handles: 100 });
    for (const skt of skts) expect(sim.pollsOf(skt.baseHandle())).toBe(1);
    send(42);
    expect(serve()).toEqual([42]);
    end();
  });

  test('who is polled already is told of meanwhile', () => {
    // As many requests as the first memory has room for, each of one socket.
    const { sim, memory, poller, skts, sender, send, serve, oneByOne, end } = stage(64);
    for (let round = 0; round < 4; round += 1) oneByOne(mixed(64, round));
    expect(poller.inspect().blocks).toMatchObject({ free: 0, kernels: 64 });
    memory.isOut = true;
    poller.add(sender, { receive: true }, 64);
    expect(() => poller.wait(1_000)).toThrowError(/STATUS_NO_MEMORY/);
    send(3);
    // Its request is over, so there is room for one that is about both.
    expect(serve()).toEqual([3]);
    expect(serve()).toEqual([]);
    expect(poller.inspect()).toMatchObject({ registrations: 65, pending: 65 });
    memory.isOut = false;
    for (const skt of [sender, ...skts]) expect(sim.pollsOf(skt.baseHandle())).toBe(1);
    poller.remove(sender);
    end();
  });
});
