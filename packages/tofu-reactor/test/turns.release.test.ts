import { createRemote } from 'afd-poller/internal';
import { createSimNt } from 'sim-nt';
import { LoopPump, type Source, TurnEngine } from 'tofu-reactor/internal';
import { clientAddressOf } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { expect, test } from 'vitest';
import { failing, simulatedReactor } from './simulated.js';

const budget = { events: 8, serves: 8, tries: 100, bytes: 1_000 };

/** An engine with sources whose every try succeeds. */
function engineWith(count: number) {
  const sim = createSimNt({ seed: 20_261_130 });
  const engine = new TurnEngine(sim.kernel, budget, sim.nowMs);
  const tries = new Array<number>(count).fill(0);
  tries.forEach((_, index) => {
    const source: Source = {
      onEvent() {},
      onTry() {
        tries[index] = (tries[index] as number) + 1;
        engine.tryLater(source);
      },
    };
    engine.tryLater(source);
  });
  const sum = () => tries.reduce((all, each) => all + each, 0);
  return { sim, engine, tries, sum };
}

test('a turn tries a limited number of sources, and the next turn continues with the others', () => {
  const { engine, tries, sum } = engineWith(20);
  for (let turns = 1; turns <= 5; turns += 1) {
    engine.turn(0);
    expect(sum()).toBe(8 * turns);
    expect(Math.max(...tries) - Math.min(...tries)).toBe(turns === 5 ? 0 : 1);
  }
  engine.close();
});

test('an exception of one source leaves the others to the next turn', () => {
  const { engine } = engineWith(0);
  let tries = 0;
  engine.tryLater({
    onEvent() {},
    onTry() {
      throw new Error('thrown by a source');
    },
  });
  for (let index = 0; index < 3; index += 1) {
    engine.tryLater({
      onEvent() {},
      onTry() {
        tries += 1;
      },
    });
  }
  expect(() => engine.turn(0)).toThrow('thrown by a source');
  expect([tries, engine.hasWork]).toEqual([0, true]);
  engine.turn(0);
  expect(tries).toBe(3);
  engine.close();
});

test('events that use up a turn leave a quarter of it to sources without an event', () => {
  const { sim, engine, sum } = engineWith(20);
  const { kernel } = sim;
  const remote = createRemote(engine.poller.remoteData(), kernel);
  let posts = 0;
  engine.onPost = () => {
    posts += 1;
  };
  for (let index = 0; index < 16; index += 1) remote.post(1, index);
  engine.turn(0);
  expect([posts, sum()]).toEqual([8, 2]);
  engine.turn(0);
  expect([posts, sum()]).toEqual([16, 4]);
  remote.close();
  engine.close();
});

test('a server that has used up its accept budget continues in the next turn, without a poll', async () => {
  // Counts the calls; without a number none of them fails.
  const polls = failing('NtDeviceIoControlFile', 0);
  const { sim, reactor, until, close } = simulatedReactor({ network: 'eager' }, polls.adapt);
  const server = await reactor.listen({ port: 0 });
  server.onConnection = () => {};
  reactor.turn(0);
  const creator = createSocketCreator(sim.kernel);
  const clients = Array.from({ length: 200 }, () => {
    const skt = creator.fromAddress(clientAddressOf(server.endpoint));
    skt.connect();
    return skt;
  });
  const before = polls.calls;
  await until(() => server.accepted > 0);
  // 64 at the event, and 64 when all other sources have been tried.
  expect(server.accepted).toBe(128);
  reactor.turn(0);
  expect([server.accepted, polls.calls - before]).toEqual([200, 0]);
  for (const skt of clients) skt.close();
  server.destroy();
  await close();
});

test('turns after which Node must run ticks share an iteration of its loop, four at most', async () => {
  const { sim, engine } = engineWith(0);
  const pump = new LoopPump(engine, () => ({
    isArmed: false,
    arm() {},
    setRef() {},
    close: () => Promise.resolve(),
  }));
  pump.setRef(true);
  const seen: string[] = [];
  let tries = 0;
  const source: Source = {
    onEvent() {},
    onTry() {
      tries += 1;
      seen.push(`try ${tries}`);
      process.nextTick(() => seen.push('tick'));
      Promise.resolve().then(() => seen.push('promise'));
      engine.yieldAfterTurn();
      if (tries < 10) engine.tryNextTurn(source);
    },
  };
  const waits = () => sim.calls['NtRemoveIoCompletionEx'] ?? 0;
  engine.tryNextTurn(source);
  const iterations: number[] = [];
  while (tries < 10) {
    const before = tries;
    await new Promise<void>((resolve) => setImmediate(resolve));
    iterations.push(tries - before);
  }
  await pump.close();
  expect(seen).toEqual(
    Array.from({ length: 10 }, (_, index) => [`try ${index + 1}`, 'tick', 'promise']).flat(),
  );
  // One wait for four turns.
  expect([iterations, waits()]).toEqual([[1, 3, 4, 2], 3]);
  engine.close();
});

test('a turn that continues waits again if the last wait found an event', () => {
  const { sim, engine, sum } = engineWith(1);
  const remote = createRemote(engine.poller.remoteData(), sim.kernel);
  const waits = () => sim.calls['NtRemoveIoCompletionEx'] ?? 0;
  let posts = 0;
  engine.onPost = () => {
    posts += 1;
  };
  const turn = () => {
    const before = [waits(), posts, sum()];
    engine.turn(0, true);
    return [waits(), posts, sum()].map((each, index) => each - (before[index] as number));
  };
  engine.turn(0);
  expect(turn()).toEqual([0, 0, 8]);
  remote.post(1, 1);
  expect(turn()).toEqual([0, 0, 8]);
  engine.turn(0);
  remote.post(1, 2);
  expect([posts, turn()]).toEqual([1, [1, 1, 1]]);
  remote.close();
  engine.close();
});
