import { createPoller } from 'afd-poller/internal';
import { churn, type NewPoller, PartialDrain, PingServer } from 'poc-stage3-stress';
import { createSimNt, type SimNt } from 'sim-nt';
import { testedBuild } from 'test-kit';
import { type PathEndpoint, UDSServerAddress } from 'tofu-sockets';
import { createSocketCreator, temporaryUDSPathOn } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';

// Runs the parts of the stage that accept another kernel on the simulated kernel, over AF_UNIX.

const profiles =
  testedBuild === 'release' ? (['wine11', 'windows'] as const) : ['windows' as const];

/** Creates what the parts of the stage need on a simulated kernel. */
function partsOn({ kernel, nowMs }: SimNt) {
  const newPoller: NewPoller = () => createPoller({ kernel, now: nowMs, allowMainThread: true });
  const address = () => new UDSServerAddress(temporaryUDSPathOn(kernel));
  return { creator: createSocketCreator(kernel), newPoller, address };
}

/** Checks that no resource is left, and that the program broke no rule of the simulated kernel. */
function expectClean(sim: SimNt): void {
  expect(sim.violations).toEqual([]);
  expect([sim.handles, sim.pending, sim.memory.blocks]).toEqual([0, 0, 0]);
}

describe.each(profiles)('stage 3U on the simulated %s', (profile) => {
  const newSim = () => createSimNt({ seed: 20_261_129, profile });

  test('a churn of 100 rounds leaves nothing', () => {
    const sim = newSim();
    const { creator, address, newPoller } = partsOn(sim);
    const newServer = () => new PingServer<PathEndpoint>(creator, address(), newPoller);
    const { firstHandle, lastHandle, ...counts } = churn(100, newServer, () => sim.handles);
    expect(counts).toMatchObject({ rounds: 100, vanished: 100, served: 100, removed: 100 });
    expect(counts).toMatchObject({ restarts: 10, pendingLeft: 0 });
    expect(lastHandle).toBe(firstHandle);
    expectClean(sim);
  });

  test('broken on purpose: a server that does not detect truncated data is noticed', () => {
    class Blind extends PingServer<PathEndpoint> {
      override turn(timeoutMs: number): number {
        const count = super.turn(timeoutMs);
        this.counts.truncated = 0;
        return count;
      }
    }
    const sim = newSim();
    const { creator, address, newPoller } = partsOn(sim);
    const newServer = () => new Blind(creator, address(), newPoller);
    expect(churn(21, newServer, () => sim.handles)).toMatchObject({ vanished: 0, served: 21 });
    expectClean(sim);
  });

  /** A partial drain of 1 MiB. */
  function drainWith(sim: SimNt, Drain = PartialDrain, limitMs = 30_000) {
    const { creator, address, newPoller } = partsOn(sim);
    const drain = new Drain(address(), creator, newPoller);
    try {
      return drain.run(2 ** 20, limitMs);
    } finally {
      drain.close();
    }
  }

  test('a partial drain loses no byte', () => {
    const sim = newSim();
    const { pauses, reportedAtOnce, ...counts } = drainWith(sim);
    expect(counts).toMatchObject({ received: 2 ** 20, inOrder: 2 ** 20, isEnded: true });
    expect(counts).toMatchObject({ mostBuffers: 8, eventsWhilePaused: 0 });
    expect(pauses).toBeGreaterThanOrEqual(8);
    expect(reportedAtOnce).toBe(pauses);
    expectClean(sim);
  });

  test('broken on purpose: a server that discards data receives fewer bytes in order', () => {
    class Lossy extends PartialDrain {
      protected override resume(server: Parameters<PartialDrain['pause']>[0]): void {
        server.recv(new Uint8Array(1_000));
        super.resume(server);
      }
    }
    const sim = newSim();
    const { received, inOrder } = drainWith(sim, Lossy);
    expect(received).toBeLessThan(2 ** 20);
    expect(inOrder).toBeLessThan(received);
    expectClean(sim);
  });
});
