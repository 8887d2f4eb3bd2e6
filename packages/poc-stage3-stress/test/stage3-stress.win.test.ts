import { nativeMemory } from 'ntdllx';
import { churn, PartialDrain, PingServer, runTest, Stage3Stress } from 'poc-stage3-stress';
import { inRelease } from 'test-kit';
import { afterEach, describe, expect, test } from 'vitest';

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('S05 Windows Stage 3: 50 of 50 pings are answered, and the churn leaves nothing', () => {
  const lines: string[] = [];
  const verdict = runTest({ churnRounds: 21, print: (line) => lines.push(line) });
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(19);
  expect(lines).toContain('   ok   pings answered: 50');
});

inRelease(() => {
  test('broken on purpose: the stage fails if the server never answers', () => {
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
});

/** Runs a partial drain of one megabyte with a class that is broken on purpose. */
function drainWith(Drain: new () => PartialDrain, limitMs = 30_000) {
  const drain = new Drain();
  try {
    return drain.run(2 ** 20, limitMs);
  } finally {
    drain.close();
  }
}

class Lossy extends PartialDrain {
  protected override resume(server: Parameters<PartialDrain['pause']>[0]): void {
    server.recv(new Uint8Array(1_000));
    super.resume(server);
  }
}

const whole = { sent: 2 ** 20, received: 2 ** 20, inOrder: 2 ** 20, isEnded: true, mostBuffers: 8 };

test('S10 a partial drain reads a megabyte through 8 buffers', () => {
  const { pauses, reportedAtOnce, ...counts } = drainWith(PartialDrain);
  expect(counts).toEqual({ ...whole, eventsWhilePaused: 0 });
  expect(pauses).toBeGreaterThanOrEqual(8);
  expect(reportedAtOnce).toBe(pauses);
});

inRelease(() => {
  test('broken on purpose: a server that does not pause gets events although it has no buffer', () => {
    class Restless extends PartialDrain {
      protected override pause(): void {}
    }
    const counts = drainWith(Restless);
    expect(counts).toMatchObject(whole);
    expect(counts.eventsWhilePaused).toBe(counts.pauses);
  });

  test('broken on purpose: a server that does not resume receives only a part', () => {
    class Forgetful extends PartialDrain {
      protected override resume(): void {}
    }
    const counts = drainWith(Forgetful, 300);
    expect(counts).toMatchObject({ received: 8 * 16_384, isEnded: false, reportedAtOnce: 0 });
  });

  test('broken on purpose: a server that discards data receives fewer bytes in order', () => {
    const { received, inOrder, isEnded } = drainWith(Lossy);
    expect(isEnded).toBe(true);
    expect(received).toBeLessThan(2 ** 20);
    expect(inOrder).toBeLessThan(received);
  });
});

test.each([Number.NaN, -1, 0, 10, 20, 20.5, 21.5])('a churn of %s rounds is refused', (rounds) => {
  expect(() => runTest({ churnRounds: rounds, print: () => {} })).toThrowError(RangeError);
  expect(() => churn(rounds)).toThrowError(/^The number of churn rounds .* 21 or more, got /);
});

test('a churn of 21 rounds compares two different servers', () => {
  const { rounds, restarts, firstHandle, lastHandle } = churn(21);
  expect([rounds, restarts]).toEqual([21, 3]);
  expect(lastHandle).toBe(firstHandle);
});

test('a stage can be closed before it runs, and twice', () => {
  const stage = new Stage3Stress({ print: () => {} });
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});

describe('failures', async () => void (await import('./trouble.js')));
