import { nativeMemory } from 'ntdllx';
import { churn, PingServer, Stage3Stress } from 'poc-stage3-stress';
import { afterEach, expect, test } from 'vitest';

// What shows only when a real time-out is over; the rest: stage3-stress.win.test.ts.

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('broken on purpose: what the servers did not do, or see, is not counted', () => {
  class Careless extends PingServer {
    override disturb(): void {}
  }
  class Blind extends PingServer {
    override turn(timeoutMs: number): number {
      const count = super.turn(timeoutMs);
      this.counts.cutShort = 0;
      return count;
    }
  }
  const careless = churn(21, () => new Careless());
  expect(careless).toMatchObject({ vanished: 21, served: 21, removed: 0 });
  expect(churn(21, () => new Blind())).toMatchObject({ vanished: 0, served: 21, removed: 21 });
  class CarelessStage extends Stage3Stress {
    protected override createServer(): PingServer {
      return new Careless();
    }
  }
  const stage = new CarelessStage({ churnRounds: 21, print: () => {} });
  const reason = 'removed while completing, and added again: expected 21, saw 0';
  expect(stage.run()).toMatchObject({ verdict: 'failed', reason });
  stage.close();
});
