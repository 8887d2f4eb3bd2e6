import { nativeMemory } from 'ntdllx';
import { churn, PingServer, runTest, Stage3Stress } from 'poc-stage3-stress';
import { afterEach, expect, test } from 'vitest';

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('S05 Windows Stage 3: 50 of 50, then churn', () => {
  const lines: string[] = [];
  const verdict = runTest({ churnRounds: 21, print: (line) => lines.push(line) });
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(13);
  expect(lines).toContain('   ok   pings answered: 50');
});

test('broken on purpose: a server that answers nobody is not proven by waiting', () => {
  class Mute extends PingServer {
    override turn(timeoutMs: number): number {
      this.poller.wait(timeoutMs);
      return 0;
    }
  }
  class MuteStage extends Stage3Stress {
    protected override createServer(): PingServer {
      return new Mute();
    }
  }
  const stage = new MuteStage({ print: () => {}, waitLimitMs: 300 });
  expect(stage.run()).toMatchObject({
    verdict: 'failed',
    reason: 'clients accepted: expected 5, saw 0',
  });
  stage.close();
});

test.each([Number.NaN, -1, 0, 10, 20, 20.5, 21.5])('a churn of %s rounds is refused', (rounds) => {
  expect(() => runTest({ churnRounds: rounds, print: () => {} })).toThrowError(RangeError);
  expect(() => churn(rounds)).toThrowError(/^A churn has 21 rounds or more/);
});

test('a churn of 21 rounds compares two different servers', () => {
  const { rounds, restarts, firstHandle, lastHandle } = churn(21);
  expect([rounds, restarts]).toEqual([21, 3]);
  expect(lastHandle).toBe(firstHandle);
});

test('closing before running, and twice', () => {
  const stage = new Stage3Stress({ print: () => {} });
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});
