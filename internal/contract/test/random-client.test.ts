import fc from 'fast-check';
import type { Poll } from 'nt-afd/raw-poll';
import { WsaError } from 'ntdllx';
import { createSimNt, type SimNt, type SimNtOptions } from 'sim-nt';
import { checkProperty } from 'test-kit';
import type { AcceptedSkt, ClientSkt } from 'tofu-sockets';
import { expect, test } from 'vitest';
import type { Over } from './contract/contract.js';
import { Environment } from './contract/environment.js';

// A correct client makes calls in random order, while the simulated kernel injects all rare
// behaviour that NT permits.

const actions = ['arm', 'cancel', 'cancelAll', 'send', 'recv', 'close', 'abort', 'pair', 'take'];
const chance = fc.constantFrom(0, 0.2);
/** The kernel, and the kind of its sockets' names. */
const played = fc.constantFrom(
  ...(['wine8', 'wine10', 'windows'] as const).map((profile) => ({ profile, over: 'IP' }) as const),
  ...(['wine11', 'windows'] as const).map((profile) => ({ profile, over: 'AF_UNIX' }) as const),
);
const kernel = fc.record({
  seed: fc.integer(),
  played,
  network: fc.constantFrom('eager', 'lazy'),
  isSkipping: fc.boolean(),
  inject: fc.record({
    pendingAlthoughDone: chance,
    shuffle: chance,
    late: chance,
    cancelRace: chance,
    displaced: chance,
    stray: chance,
    refuse: chance,
    refuseHandle: chance,
  }),
});
const script = fc.array(fc.tuple(fc.constantFrom(...actions), fc.nat(40), fc.nat(0x1ff)), {
  maxLength: 60,
});

/** The client: the polls that it started, and the packets that it took. */
class Client {
  readonly #sim: SimNt;
  readonly #env: Environment;
  readonly #isSkipping: boolean;
  /** The polls whose packet has not arrived, each with its socket. */
  readonly #waiting = new Map<Poll, ClientSkt | AcceptedSkt>();
  #skts: (ClientSkt | AcceptedSkt)[] = [];

  constructor(sim: SimNt, env: Environment, isSkipping: boolean) {
    this.#sim = sim;
    this.#env = env;
    this.#isSkipping = isSkipping;
    if (isSkipping) env.poller.setNotificationModes(env.poller.afd, 1);
  }

  async do(action: string, which: number, mask: number): Promise<void> {
    const { poller } = this.#env;
    const skt = this.#skts[which % (this.#skts.length || 1)];
    const poll = [...this.#waiting.keys()][which % (this.#waiting.size || 1)];
    if (action === 'pair') {
      const { client, server } = await this.#env.pair();
      this.#skts.push(client, server);
    } else if (action === 'take') this.take(1 + (which % 5), which > 20 ? 1 : 0);
    else if (action === 'cancel' && poll !== undefined) poller.cancel(poll);
    else if (action === 'cancelAll') poller.cancelAll(poller.afd, which > 20);
    else if (action === 'arm' && skt !== undefined) this.#arm(skt, mask, which);
    else if (skt !== undefined) this.#use(skt, action);
  }

  #arm(skt: ClientSkt | AcceptedSkt, mask: number, which: number): void {
    const options = {
      timeout100ns: which > 30 ? -20_000n : 2n ** 63n - 1n,
      isExclusive: which < 4,
    };
    const { poll, status } = this.#env.poller.arm([skt], mask, options);
    const isRefused = !/^STATUS_(SUCCESS|PENDING)$/.test(status);
    if (isRefused) this.#env.poller.free(poll);
    else if (this.#isSkipping && status === 'STATUS_SUCCESS') {
      expect(poll.isPending).toBe(false);
      this.#env.poller.free(poll);
    } else this.#waiting.set(poll, skt);
  }

  #use(skt: ClientSkt | AcceptedSkt, action: string): void {
    try {
      if (action === 'send') skt.send(Buffer.from('some data'));
      if (action === 'recv') skt.recv(new Uint8Array(5));
      if (action === 'abort') skt.abortOnClose();
    } catch (error) {
      expect(error).toBeInstanceOf(WsaError);
    }
    if (action === 'close' || action === 'abort') {
      skt.close();
      this.#skts = this.#skts.filter((each) => each !== skt);
    }
  }

  /** Takes packets; each must belong to a pending poll, or be unknown. */
  take(count: number, timeoutMs: number): number {
    const { packets } = this.#env.poller.take(count, timeoutMs);
    for (const { poll, status, information } of packets) {
      if (poll === undefined) continue;
      expect(this.#waiting.delete(poll), 'a second packet of one poll').toBe(true);
      expect(poll.isPending).toBe(false);
      expect(poll.iosb.Information).toBe(information);
      expect(status).toMatch(/^STATUS_(SUCCESS|TIMEOUT|CANCELLED)$/);
      this.#env.poller.free(poll);
    }
    return packets.length;
  }

  /**
   * Returns a pending poll with an open socket, or undefined. A poll of a closed socket, whose
   * completion may be late, contains a closed handle. The kernel would reject such a poll before
   * the misuse could have an effect.
   */
  pendingPoll(): Poll | undefined {
    for (const [poll, skt] of this.#waiting) {
      if (poll.isPending && this.#skts.includes(skt)) return poll;
    }
    return undefined;
  }

  /** Cancels all polls; each must still produce its one packet. */
  end(): void {
    this.#sim.inject({ displaced: 0, stray: 0 });
    this.#env.poller.cancelAll(this.#env.poller.afd, true);
    this.#sim.advance(100);
    while (this.take(8, 0) > 0);
    expect(this.#waiting.size, 'polls without a packet').toBe(0);
  }
}

/** A simulated kernel with sockets and a raw poller on it. */
function createWorld({ over = 'IP', ...options }: SimNtOptions & { readonly over?: Over }) {
  const sim = createSimNt(options);
  const env = new Environment({
    kernel: sim.kernel,
    expected: sim.profile.name,
    over,
    settle: async (limitMs) => sim.advance(limitMs),
    systemTime100ns: sim.systemTime100ns,
  });
  return { sim, env };
}

test('a correct client gets one packet for each poll, causes no violation and leaves nothing behind', async () => {
  await checkProperty(
    fc.asyncProperty(kernel, script, async ({ isSkipping, played, ...options }, steps) => {
      const { sim, env } = createWorld({ ...options, ...played });
      const client = new Client(sim, env, isSkipping);
      for (const [action, which, mask] of steps) await client.do(action, which, mask);
      client.end();
      env.close();
      sim.advance(60_000);
      expect(sim.violations).toEqual([]);
      expect([sim.pending, sim.handles, sim.memory.blocks]).toEqual([0, 0, 0]);
    }),
    500,
  );
});

type Misuse = (poll: Poll, sim: SimNt, afd: number) => void;

const misuses = {
  'frees its block': ({ memory }) => memory.free(),
  'writes its Status': ({ iosb }) => {
    iosb.Status = 0;
  },
  'writes its Events': ({ input }) => {
    input.handle(0).Events = 0;
  },
  'fills the block': ({ memory }) => memory.fill(0),
  'frees another block twice': (_poll, sim) => {
    const block = sim.kernel.allocate(48);
    block.free();
    expect(() => block.free()).toThrowError('was freed');
  },
  'submits its IO_STATUS_BLOCK again': ({ iosb, input }, sim, afd) => {
    const [at, info] = [iosb.address, input.address];
    sim.kernel.NtDeviceIoControlFile(afd, 0, 0, at, at, 0x12024, info, 32, info, 32);
  },
} satisfies Record<string, Misuse>;

type Options = SimNtOptions & { readonly isSkipping: boolean; readonly over?: Over };
type Step = readonly [action: string, which: number, mask: number];

/**
 * Runs a correct client, then one misuse.
 *
 * @returns false if there was no poll to misuse
 */
async function misuseAfter(options: Options, steps: readonly Step[], misuse: Misuse) {
  // The misuse needs a pending poll: injections that reject the poll or complete it earlier are
  // off.
  const inject = { ...options.inject, refuse: 0, refuseHandle: 0, displaced: 0, stray: 0 };
  const { isSkipping, ...rest } = options;
  const { sim, env } = createWorld({ ...rest, inject });
  const client = new Client(sim, env, isSkipping);
  await client.do('pair', 0, 0);
  for (const [action, which, mask] of steps) await client.do(action, which, mask);
  await client.do('pair', 0, 0);
  await client.do('arm', 0, 2);
  const poll = client.pendingPoll();
  if (poll === undefined) return false;
  expect(sim.violations).toEqual([]);
  misuse(poll, sim, env.poller.afd);
  expect(sim.violations).toHaveLength(1);
  return true;
}

test.each(Object.entries(misuses))(
  'after random calls, a client that %s is reported',
  async (_name, misuse) => {
    let tried = 0;
    let runs = 0;
    await checkProperty(
      fc.asyncProperty(kernel, script, async ({ played, ...options }, steps) => {
        runs += 1;
        if (await misuseAfter({ ...options, ...played }, steps, misuse)) tried += 1;
      }),
    );
    // A single run, which repeats a failure, may have no poll to misuse.
    if (runs > 1) expect(tried).toBeGreaterThan(runs / 2);
  },
);

test('an IO_STATUS_BLOCK submitted again is reported, also when an older poll of a closed socket completes late', async () => {
  const inject = { late: 0.2 };
  const seed = -1_433_753_948;
  const options = {
    seed,
    profile: 'windows',
    network: 'eager',
    isSkipping: false,
    inject,
  } as const;
  const steps = [
    ['arm', 0, 0],
    ['abort', 0, 0],
  ] as const;
  const misuse = misuses['submits its IO_STATUS_BLOCK again'];
  expect(await misuseAfter(options, steps, misuse)).toBe(true);
});

test('the same seed and the same calls give the same results', async () => {
  const record = async (seed: number) => {
    const inject = { late: 0.3, shuffle: 1 };
    const { sim, env } = createWorld({ seed, network: 'lazy', inject });
    const { client, server } = await env.pair();
    const log: unknown[] = [];
    for (let count = 0; count < 30; count += 1) {
      const polls = [client, server].map((skt) => env.poller.arm([skt], 1).poll);
      client.send(Buffer.alloc(count + 1));
      server.send(Buffer.alloc(count + 1));
      for (const packet of env.poller.take(2, 2).packets) {
        log.push([packet.apcContext, polls.indexOf(packet.poll as Poll), sim.nowMs()]);
      }
      for (const poll of polls) env.poller.end(poll);
    }
    env.close();
    return log;
  };
  expect(await record(5)).toEqual(await record(5));
  expect(await record(5)).not.toEqual(await record(6));
});

test('the simulated kernel is fast enough for millions of steps', async () => {
  const { sim, env } = createWorld({ seed: 1, inject: { shuffle: 1, pendingAlthoughDone: 0.2 } });
  const { client } = await env.pair();
  const handle = client.baseHandle();
  const before = { ...sim.memory };
  const rounds = 20_000;
  for (let count = 0; count < rounds; count += 1) {
    const { poll } = env.poller.arm([handle], 1);
    env.poller.cancel(poll);
    env.poller.next(0);
    env.poller.free(poll);
  }
  expect(sim.calls['NtDeviceIoControlFile']).toBe(rounds);
  // No step leaves state behind, so later steps do not become slower.
  expect([sim.pending, sim.untaken, sim.memory]).toEqual([0, 0, before]);
  env.close();
});
