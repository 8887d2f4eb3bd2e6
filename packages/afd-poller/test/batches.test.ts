import { type AfdPoller, PollEvents, type SocketEvent } from 'afd-poller';
import { verifyPoller } from 'afd-poller/internal';
import {
  AFD_POLL_INFO,
  type Kernel,
  type NativeMemory,
  STATUS_ACCESS_DENIED,
  STATUS_NO_MEMORY,
} from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { testedBuild } from 'test-kit';
import { type DatagramSkt, type Skt, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';
import { pollerOf, socketEvents, tokensOf } from './pollers.js';

// Tests which sockets share a request. They count requests, and the sockets in these requests.

const oneHandle = AFD_POLL_INFO.byteLength(1);
const handleBytes = AFD_POLL_INFO.byteLength(2) - oneHandle;

/** The numbers from 0 to count - 1 in a random order, which depends only on the seed. */
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

/** Creates a poller on a simulated kernel that counts requests and can run out of memory. */
function setUp(count: number) {
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
  const creator = createSocketCreator(kernel);
  const udp = () => creator.fromAddress(new UDPAddress('127.0.0.1', 0));
  const sender = udp();
  const skts = Array.from({ length: count }, udp);
  const poller = pollerOf<number>('batched', {
    kernel,
    now: sim.nowMs,
    allowMainThread: true,
  });
  for (const [token, skt] of skts.entries()) poller.add(skt, { readable: true }, token);
  const list = new PollEvents<number>(1_024);
  const send = (token: number) => {
    sender.sendTo(Buffer.from('x'), (skts[token] as DatagramSkt).localEndpoint());
  };
  /** Waits, and receives from each reported socket. @returns their tokens. */
  const serve = () =>
    [...socketEvents(poller.wait(5, list))].map(({ token, skt }) => {
      if (skt.kind === 'datagram') skt.recvFrom(Buffer.alloc(4));
      return token;
    });
  /**
   * Makes the sockets ready one after another, and checks that each is reported alone.
   *
   * @returns the number of submitted sockets per event.
   */
  const oneByOne = (tokens: readonly number[]) => {
    const before = did.handles;
    for (const token of tokens) {
      send(token);
      expect(serve()).toEqual([token]);
    }
    // The next wait submits the last socket again.
    expect(serve()).toEqual([]);
    return (did.handles - before) / tokens.length;
  };
  const end = () => {
    verifyPoller(poller);
    poller.close();
    for (const skt of [sender, ...skts]) skt.close();
    expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
  };
  return { sim, did, memory, skts, udp, sender, poller, list, send, serve, oneByOne, end };
}

// The debug build checks every claim after each step, which takes long with many sockets.
const isDebug = testedBuild === 'debug';

describe.each(isDebug ? [64] : [64, 1_000])('%i sockets', (count) => {
  test('sockets that become ready one at a time end with one request each', () => {
    const { poller, serve, oneByOne, end } = setUp(count);
    expect(serve()).toEqual([]);
    for (let round = 0; round < 2; round += 1) oneByOne(mixed(count, round));
    expect(poller.inspect().pending).toBe(count);
    expect(oneByOne(mixed(count, 7))).toBeLessThanOrEqual(3);
    // It stays so in later rounds.
    expect(oneByOne(mixed(count, 8))).toBeLessThanOrEqual(2);
    end();
  });

  test('sockets that are ready in every wait share requests, 64 sockets each', () => {
    const { did, poller, list, send, oneByOne, end } = setUp(count);
    // First each socket is in its own request. Then they are batched.
    for (let round = 0; round < 2; round += 1) oneByOne(mixed(count, round));
    for (const token of mixed(count, 3)) send(token);
    // There is one packet per socket, which is more than one wait removes.
    for (let wait = 0; wait < 8; wait += 1) poller.wait(5, list);
    const before = did.requests;
    for (let wait = 0; wait < 4; wait += 1) expect(poller.wait(5, list)).toHaveLength(count);
    expect((did.requests - before) / (4 * count)).toBeLessThanOrEqual(1 / 32);
    end();
  });

  test('sockets removed or closed while their request is pending free all requests', () => {
    const { sim, poller, skts, serve, oneByOne, end } = setUp(count);
    serve();
    const order = mixed(count, 5);
    oneByOne(order.slice(0, count / 2));
    // Some become ready together with others, and some alone.
    for (const [index, token] of order.entries()) {
      const skt = skts[token] as Skt;
      if (index % 4 === 1) poller.remove(skt);
      if (index % 4 === 3) skt.close();
      if (index % 16 === 0) expect(serve()).toEqual([]);
    }
    expect(serve()).toEqual([]);
    verifyPoller(poller);
    const left = order.filter((_, index) => index % 2 === 0);
    expect(poller.inspect()).toMatchObject({ registrations: count / 2, pending: count / 2 });
    for (const token of left) expect(sim.pollsOf((skts[token] as Skt).baseHandle())).toBe(1);
    for (let round = 0; round < 2; round += 1) oneByOne(left);
    expect(oneByOne(left.toReversed())).toBeLessThanOrEqual(3);
    end();
  });
});

describe('idle sockets that were added one by one, or were ready once', () => {
  /**
   * Waits many times with one busy socket, until all partial requests that are old enough have
   * been coalesced.
   */
  const goOn = ({ send, serve }: ReturnType<typeof setUp>, waits: number) => {
    for (let wait = 0; wait < waits; wait += 1) {
      send(0);
      expect(serve()).toEqual([0]);
    }
  };
  const requestsOf = (poller: AfdPoller<number>) => poller.inspect().blocks.kernelOwned;

  test.each(isDebug ? [200] : [200, 500])(
    '%i of them are coalesced into requests of 64 sockets, and a few smaller ones',
    (count) => {
      const fixture = setUp(0);
      const { poller, skts, udp, end } = fixture;
      for (let token = 0; token < count; token += 1) {
        skts.push(udp());
        poller.add(skts[token] as Skt, { readable: true }, token);
        expect(fixture.serve()).toEqual([]);
      }
      // No socket was idle for long enough, so there are as many requests as sockets, and no more
      // memory than they need.
      expect(requestsOf(poller)).toBe(count);
      expect(poller.inspect().blocks.bytes).toBeLessThan(300 * count);
      goOn(fixture, 30 * count);
      expect(requestsOf(poller)).toBeLessThanOrEqual(Math.ceil(count / 64) + 18);
      expect(poller.inspect()).toMatchObject({ registrations: count, unknown: 0 });
      // Each socket is still reported.
      for (const token of mixed(count, 3)) {
        fixture.send(token);
        expect(fixture.serve()).toEqual([token]);
      }
      end();
    },
  );

  test('removing or closing one of them during the coalescing does not disturb the others', () => {
    const fixture = setUp(100);
    const { poller, skts, serve, oneByOne, end } = fixture;
    serve();
    oneByOne(mixed(100, 1));
    oneByOne(mixed(100, 2));
    for (let round = 0; round < 60; round += 1) {
      goOn(fixture, 40);
      const skt = skts[1 + round] as Skt;
      if (round % 2 === 0) poller.remove(skt);
      else skt.close();
      verifyPoller(poller);
    }
    expect(serve()).toEqual([]);
    for (let token = 61; token < 100; token += 1) {
      fixture.send(token);
      expect(serve()).toEqual([token]);
    }
    end();
  });
});

describe('failures while requests are coalesced', () => {
  /** Creates a poller with a few busy sockets, on a kernel whose requests a test can change. */
  function tampered(
    tamper: (call: () => number, args: Parameters<Kernel['NtDeviceIoControlFile']>) => number,
  ) {
    const sim = createSimNt({ seed: 3 });
    const memories: NativeMemory[] = [];
    const kernel: { -readonly [K in keyof Kernel]: Kernel[K] } = {
      ...sim.kernel,
      allocate: (byteLength) => {
        const memory = sim.kernel.allocate(byteLength);
        memories.push(memory);
        return memory;
      },
      NtDeviceIoControlFile: (...args) =>
        tamper(() => sim.kernel.NtDeviceIoControlFile(...args), args),
    };
    const creator = createSocketCreator(kernel);
    const skts = Array.from({ length: 4 }, () =>
      creator.fromAddress(new UDPAddress('127.0.0.1', 0)),
    );
    const poller = pollerOf<number>('batched', {
      kernel,
      now: sim.nowMs,
      allowMainThread: true,
    });
    for (const [token, skt] of skts.entries()) poller.add(skt, { writable: true }, token);
    const reported = () => tokensOf(poller.wait(5));
    const refused = () =>
      [...socketEvents(poller.wait(5))].filter(
        ({ isRefused }) => isRefused,
      ) as SocketEvent<number>[];
    const end = () => {
      verifyPoller(poller);
      poller.close();
      for (const skt of skts) skt.close();
      expect(sim).toMatchObject({ violations: [], pending: 0, handles: 0, memory: { blocks: 0 } });
    };
    return { sim, kernel, memories, skts, poller, reported, refused, end };
  }

  test('an NT call that throws loses no registration', () => {
    let isThrowing = true;
    const { poller, reported, end } = tampered((call) => {
      if (isThrowing) throw new RangeError('Maximum call stack size exceeded');
      return call();
    });
    for (let round = 0; round < 3; round += 1)
      expect(() => poller.wait(5)).toThrowError(RangeError);
    verifyPoller(poller);
    isThrowing = false;
    expect(reported()).toEqual([0, 1, 2, 3]);
    expect(reported()).toEqual([0, 1, 2, 3]);
    end();
  });

  test('output entries in another order than the input are assigned to the right sockets', () => {
    const fixture = tampered((call, [, , , , , , , , output]) => {
      const status = call();
      for (const memory of fixture.memories) {
        const at = output - memory.address;
        if (status !== 0 || at < 0 || at >= memory.byteLength) continue;
        const count = memory.readU32(at + 8);
        const entries = Array.from({ length: count }, (_, index) =>
          memory.read(at + 16 + 16 * index, 16),
        );
        for (const [index, entry] of entries.reverse().entries())
          memory.write(at + 16 + 16 * index, entry);
      }
      return status;
    });
    expect(fixture.reported().sort()).toEqual([0, 1, 2, 3]);
    expect(fixture.reported().sort()).toEqual([0, 1, 2, 3]);
    fixture.end();
  });

  test('a socket that NT refuses is reported once, and polled again after modify', () => {
    let requests = 0;
    let isBadly = true;
    const fixture = tampered((call, [, , , , , , input, inputBytes]) => {
      requests += 1;
      const bad = fixture.skts[2]?.baseHandle();
      const isBad = fixture.memories.some((memory) => {
        const at = input - memory.address;
        if (at < 0 || at >= memory.byteLength) return false;
        const places = Array.from(
          { length: inputBytes / 16 - 1 },
          (_, index) => at + 16 * (index + 1),
        );
        return places.some((place) => memory.readPointer(place) === bad);
      });
      return isBadly && isBad ? STATUS_ACCESS_DENIED : call();
    });
    const events = [...socketEvents(fixture.poller.wait(5))];
    expect(events.map(({ token, isRefused }) => [token, isRefused]).sort()).toEqual([
      [0, false],
      [1, false],
      [2, true],
      [3, false],
    ]);
    const refusal = events.find(({ token }) => token === 2);
    expect(refusal?.cause).toBe(STATUS_ACCESS_DENIED);
    requests = 0;
    for (let wait = 0; wait < 20; wait += 1) expect(fixture.reported()).toEqual([0, 1, 3]);
    expect(requests).toBe(20);
    // The socket is refused again. It is polled alone, so that the others still share one request.
    fixture.poller.modify(fixture.skts[2] as Skt, { writable: true });
    requests = 0;
    expect(fixture.reported().sort()).toEqual([0, 1, 2, 3]);
    expect(requests).toBe(2);
    isBadly = false;
    fixture.poller.modify(fixture.skts[2] as Skt, { writable: true });
    expect(fixture.reported().sort()).toEqual([0, 1, 2, 3]);
    expect(fixture.refused()).toEqual([]);
    fixture.end();
  });
});

describe('an allocation of native memory fails while requests are made', () => {
  test('each socket that cannot be polled is reported; after modify each is polled once', () => {
    const { sim, did, memory, skts, poller, list, send, serve, end } = setUp(100);
    memory.isOut = true;
    const refused = [...socketEvents(poller.wait(1_000, list))];
    expect(refused.map(({ token }) => token).sort((a, b) => a - b)).toEqual(
      skts.map((_, token) => token),
    );
    for (const event of refused) {
      expect(event).toMatchObject({ isRefused: true, isReadable: false, cause: STATUS_NO_MEMORY });
    }
    expect(poller.inspect()).toMatchObject({ registrations: 100, pending: 0 });
    expect(did.requests).toBe(0);
    memory.isOut = false;
    expect(serve()).toEqual([]);
    for (const skt of skts) poller.modify(skt, { readable: true });
    // Each is polled alone, because all were refused.
    expect(serve()).toEqual([]);
    for (const skt of skts) expect(sim.pollsOf(skt.baseHandle())).toBe(1);
    send(42);
    expect(serve()).toEqual([42]);
    end();
  });

  test('sockets with a pending poll are still reported', () => {
    // As many requests as fit into the first slab, each with one socket.
    const { sim, memory, poller, skts, sender, list, send, serve, oneByOne, end } = setUp(64);
    for (let round = 0; round < 4; round += 1) oneByOne(mixed(64, round));
    expect(poller.inspect().blocks).toMatchObject({ kernelOwned: 64 });
    memory.isOut = true;
    poller.add(sender, { readable: true }, 64);
    const [refused] = [...socketEvents(poller.wait(1_000, list))];
    expect(refused).toMatchObject({ token: 64, isRefused: true, cause: STATUS_NO_MEMORY });
    send(3);
    expect(serve()).toEqual([3]);
    // The socket's request is complete, so a block is free for the next one.
    expect(serve()).toEqual([]);
    memory.isOut = false;
    poller.modify(sender, { readable: true });
    expect(serve()).toEqual([]);
    expect(poller.inspect()).toMatchObject({ registrations: 65, pending: 65 });
    for (const skt of [sender, ...skts]) expect(sim.pollsOf(skt.baseHandle())).toBe(1);
    poller.remove(sender);
    end();
  });
});
