import { type Choices, checkRunsAsync } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';
import { type RunningCommand, startCommand } from './command.js';
import { connectTo, type HostEnd, HostServer, sendPart, sendStream, until } from './host-peers.js';

// The proxy in Windows Node under the load of peers on this host: many connections at a time, every
// byte compared, ends and resets at random; and Ctrl-C by a real clock.

const host = describeHost();
const reason = process.platform === 'win32' ? 'needs signals' : host.reason;
/** The time within which Ctrl-C ends the command, in milliseconds. */
const endLimitMs = 2_000;
/** How many connections are open at a time. */
const connectionsAtOnce = 1_000;
/** With so many connections the conditions are polled rarely. */
const pollMs = 100;
const longestBytes = 60_000;

type Pair = readonly [client: HostEnd, target: HostEnd];

/** A proxy and its target. */
class Setup {
  readonly target: HostServer;
  readonly proxy: RunningCommand;
  readonly #port: number;
  connections = 0;

  private constructor(target: HostServer, proxy: RunningCommand, port: number) {
    this.target = target;
    this.proxy = proxy;
    this.#port = port;
  }

  static async start(): Promise<Setup> {
    const target = await HostServer.listen();
    const addresses = ['tcp:127.0.0.1:0', `tcp:127.0.0.1:${target.port}`];
    const proxy = startCommand(['proxy', ...addresses, '--json']);
    return new Setup(target, proxy, await proxy.port());
  }

  async open(): Promise<Pair> {
    const { ends } = this.target;
    const before = ends.length;
    const client = await connectTo(this.#port);
    this.connections += 1;
    await until(() => ends.length > before);
    return [client, ends[before] as HostEnd];
  }

  get summary() {
    return this.proxy.lastEvent();
  }
}

/** What a run has sent, and how its connections ended. */
interface Totals {
  ended: number;
  broken: number;
  toTarget: number;
  toClients: number;
}

const whole = { isWrong: false, hasEnded: true, error: undefined };

/** Lets the two ends of a connection send random amounts, and end in order or by a reset. */
async function converse(pair: Pair, choices: Choices, totals: Totals): Promise<void> {
  const lengths = [1 + choices.below(longestBytes), 1 + choices.below(longestBytes)] as const;
  if (choices.chance(0.8)) {
    for (const [index, { socket }] of pair.entries()) {
      sendStream(socket, choices.below(256), lengths[index] as number);
    }
    await until(() => pair.every(({ isClosed }) => isClosed), pollMs);
    expect(pair[0]).toMatchObject({ ...whole, received: lengths[1] });
    expect(pair[1]).toMatchObject({ ...whole, received: lengths[0] });
    totals.ended += 1;
    totals.toTarget += lengths[0];
    totals.toClients += lengths[1];
    return;
  }
  const from = choices.below(2) as 0 | 1;
  const [sender, receiver] = from === 0 ? pair : ([pair[1], pair[0]] as const);
  sendPart(sender.socket, choices.below(256), lengths[0]);
  await until(() => receiver.received === lengths[0], pollMs);
  sender.socket.resetAndDestroy();
  await until(() => receiver.isClosed, pollMs);
  expect(receiver).toMatchObject({ isWrong: false, hasEnded: false, error: 'ECONNRESET' });
  totals.broken += 1;
  totals[from === 0 ? 'toTarget' : 'toClients'] += lengths[0];
}

describe.skipIf(host.kind === 'none' || reason !== '')(`the command under load ${reason}`, () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  });
  afterAll(() => session.close());

  test(`every byte, end and reset of ${connectionsAtOnce} connections is passed on in order`, async () => {
    const setup = await Setup.start();
    const totals: Totals = { ended: 0, broken: 0, toTarget: 0, toClients: 0 };
    await checkRunsAsync(1, 1, async (choices) => {
      const pairs: Pair[] = [];
      while (pairs.length < connectionsAtOnce) pairs.push(await setup.open());
      await Promise.all(pairs.map((pair) => converse(pair, choices, totals)));
    });
    setup.proxy.interrupt();
    expect(await setup.proxy.ended).toMatchObject({ code: 0, stderr: '' });
    expect(setup.summary).toEqual({
      event: 'summary',
      accepted: setup.connections,
      open: 0,
      ended: totals.ended,
      broken: totals.broken,
      unreachable: 0,
      cut: 0,
      dropped: 0,
      bytesToTarget: totals.toTarget,
      bytesToClients: totals.toClients,
    });
    process.stdout.write(
      `${setup.connections} connections, ${totals.toTarget + totals.toClients} bytes\n`,
    );
    await setup.target.close();
  });

  test('a reset right after a byte is passed on as a reset in each of 500 connections', async () => {
    const setup = await Setup.start();
    const count = 500;
    while (setup.connections < count) {
      const [client, target] = await setup.open();
      // When the client has the byte, the proxy is about to receive from the target again.
      client.socket.once('data', () => target.socket.resetAndDestroy());
      target.socket.write('x');
      await until(() => client.isClosed || client.hasEnded, 0);
      expect(client).toMatchObject({ hasEnded: false, error: 'ECONNRESET' });
    }
    setup.proxy.interrupt();
    await setup.proxy.ended;
    expect(setup.summary).toMatchObject({ accepted: count, ended: 0, broken: count, cut: 0 });
    await setup.target.close();
  });

  test('Ctrl-C at a random moment under load ends the proxy within 2 s, with a correct summary', async () => {
    const times: number[] = [];
    await checkRunsAsync(4, 1, async (choices) => {
      const setup = await Setup.start();
      const pairs: Pair[] = [];
      while (pairs.length < 50) pairs.push(await setup.open());
      for (const { socket } of pairs.flat()) {
        sendStream(socket, choices.below(256), Number.POSITIVE_INFINITY);
      }
      await new Promise((resolve) => setTimeout(resolve, choices.below(500)));
      setup.proxy.interrupt();
      const { code, stderr, endingMs } = await setup.proxy.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      times.push(Math.round(endingMs));
      const { accepted, cut, bytesToTarget, bytesToClients } = setup.summary;
      expect({ accepted, cut }).toEqual({ accepted: pairs.length, cut: pairs.length });
      const received = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side].received, 0);
      await until(() => pairs.flat().every(({ isClosed }) => isClosed));
      expect(bytesToClients).toBeGreaterThanOrEqual(received(0));
      expect(bytesToTarget).toBeGreaterThanOrEqual(received(1));
      // A Unix kernel reports a reset once: to a write, if one comes first.
      for (const { isWrong, error } of pairs.flat()) {
        const reset = expect.stringMatching(/^(ECONNRESET|EPIPE)$/);
        expect({ isWrong, error }).toEqual({ isWrong: false, error: reset });
      }
      await setup.target.close();
    });
    process.stdout.write(`ended after ${times.join(', ')} ms\n`);
    expect(Math.max(...times)).toBeLessThan(endLimitMs);
  });

  test('a second Ctrl-C ends the command at once, exit code 130', async () => {
    const setup = await Setup.start();
    const [client] = await setup.open();
    setup.proxy.interrupt();
    await until(() => setup.proxy.events().some(({ event }) => event === 'ending'));
    setup.proxy.interrupt();
    const { code, endingMs } = await setup.proxy.ended;
    expect(code).toBe(130);
    expect(endingMs).toBeLessThan(1_000);
    expect(setup.summary).toEqual({ event: 'ending', open: 1 });
    await until(() => client.isClosed || client.hasEnded);
    await setup.target.close();
  });

  test('a closed output pipe ends the command without a message, exit code 141', async () => {
    const setup = await Setup.start();
    await setup.target.close();
    setup.proxy.child.stdout?.destroy();
    // Something to print: the target is away.
    const client = await connectTo(Number(await setup.proxy.port()));
    await until(() => client.isClosed);
    const { code, stderr } = await setup.proxy.ended;
    expect({ code, stderr }).toEqual({ code: 141, stderr: '' });
  });
});
