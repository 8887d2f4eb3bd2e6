import type { Choices } from 'test-kit';
import { checkRunsAsync } from 'test-kit';
import { expect } from 'vitest';
import { Cases, type Fixture } from '../fixture.js';
import { type End, sendAll } from '../traffic.js';
import { abort, expectAborted, type Route, setUp } from './relays.js';

const connections = 40;
const longestBytes = 100_000;
const whole = { wrong: 0, hasEnded: true, error: undefined };

/** The course of a connection: both sides send, one after the other or at once, or one is killed. */
const courses = [
  'at once',
  'client first',
  'target first',
  'client killed',
  'target killed',
] as const;

/** Runs one connection of the load. @returns how the proxy counts it. */
async function converse(
  fixture: Fixture,
  route: Route,
  [client, target]: readonly [client: End, target: End],
  choices: Choices,
): Promise<'ended' | 'broken'> {
  const course = choices.pick(courses);
  const isByClient = course.startsWith('client');
  const [first, second] = isByClient ? [client, target] : [target, client];
  const [from, to] = isByClient ? route : ([route[1], route[0]] as const);
  const lengths = [1 + choices.below(longestBytes), 1 + choices.below(longestBytes)] as const;
  const seeds = [choices.below(256), choices.below(256)] as const;
  if (course.endsWith('killed')) {
    sendAll(first.connection, seeds[0], Number.POSITIVE_INFINITY);
    await fixture.until(() => second.received >= lengths[0]);
    await abort(fixture, first, second, from);
    await expectAborted(fixture, second, to);
    expect(second.wrong).toBe(0);
    return 'broken';
  }
  sendAll(first.connection, seeds[0], lengths[0]);
  // Over the half-open connection, unless both send at once.
  if (course !== 'at once') await fixture.until(() => second.hasEnded);
  sendAll(second.connection, seeds[1], lengths[1]);
  await fixture.until(() => first.isClosed && second.isClosed);
  expect(second).toMatchObject({ ...whole, received: lengths[0] });
  expect(first).toMatchObject({ ...whole, received: lengths[1] });
  return 'ended';
}

/** The cases of a proxy under load, between two kinds of sockets. */
export function relayLoadCases(route: Route): Cases {
  const cases = new Cases();

  cases.test(
    'under load every byte arrives both ways, beside half closes and killed peers',
    async (fixture) => {
      const { connectBoth, proxy } = await setUp(fixture, route);
      await checkRunsAsync(1, 1, async (choices) => {
        const before = proxy.counts();
        const pairs: (readonly [End, End])[] = [];
        while (pairs.length < connections) pairs.push(await connectBoth());
        const ends = await Promise.all(
          pairs.map((pair) => converse(fixture, route, pair, choices)),
        );
        await fixture.until(() => proxy.open === 0);
        const count = (end: string) => ends.filter((each) => each === end).length;
        expect(count('ended')).toBeGreaterThan(0);
        expect(count('broken')).toBeGreaterThan(0);
        const counts = proxy.counts();
        expect(counts).toMatchObject({
          accepted: Number(before['accepted']) + connections,
          ended: Number(before['ended']) + count('ended'),
          broken: Number(before['broken']) + count('broken'),
          unreachable: 0,
          cut: 0,
          dropped: 0,
        });
        const received = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side].received, 0);
        const sent = (name: string) => Number(counts[name]) - Number(before[name]);
        expect(sent('bytesToClients')).toBeGreaterThanOrEqual(received(0));
        expect(sent('bytesToTarget')).toBeGreaterThanOrEqual(received(1));
      });
    },
  );

  return cases;
}
