import { nativeMemory } from 'ntdllx';
import { churn, PingServer, runTest, Stage3Stress } from 'poc-stage3-stress';
import { afterEach, expect, test } from 'vitest';

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('S05 Windows Stage 3: 50 of 50, then churn', () => {
  const lines: string[] = [];
  const verdict = runTest({ churnRounds: 100, print: (line) => lines.push(line) });
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(13);
  expect(lines).toContain('   ok   pings answered: 50');
});

test('a thousand rounds of cancel and churn leave nothing', () => {
  const { firstHandle, lastHandle, pendingAtRestart, ...counts } = churn(1_000);
  expect(counts).toEqual({
    rounds: 1_000,
    vanished: 1_000,
    served: 1_000,
    removed: 1_000,
    restarts: 100,
    blocksLeft: 0,
    pendingLeft: 0,
  });
  expect(pendingAtRestart).toBeGreaterThanOrEqual(300);
  expect(lastHandle).toBe(firstHandle);
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

test('closing before running, and twice', () => {
  const stage = new Stage3Stress({ print: () => {} });
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});
