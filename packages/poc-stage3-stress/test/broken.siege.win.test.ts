import { nativeMemory } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { Proof } from 'poc-kit';
import {
  churn,
  PartialDrain,
  PingServer,
  Stage3Stress,
  stressFigures,
  takeStressFigures,
} from 'poc-stage3-stress';
import { afterEach, expect, test } from 'vitest';

// Tests that wait for a real time-out. stage3-stress.win.test.ts has the other tests.

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('broken on purpose: the stage fails if a server misses events', () => {
  class Careless extends PingServer {
    override disturb(): void {}
  }
  class Blind extends PingServer {
    override turn(timeoutMs: number): number {
      const count = super.turn(timeoutMs);
      this.counts.truncated = 0;
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
  const reason = 'registrations removed while a poll completed: expected 21, saw 0';
  expect(stage.run()).toMatchObject({ verdict: 'failed', reason });
  stage.close();
});

test('broken on purpose: the stage fails if its server discards data', () => {
  class Lossy extends PartialDrain {
    protected override resume(server: Parameters<PartialDrain['pause']>[0]): void {
      server.recv(new Uint8Array(1_000));
      super.resume(server);
    }
  }
  class LossyStage extends Stage3Stress {
    protected override createDrain(): PartialDrain {
      return new Lossy();
    }
  }
  const stage = new LossyStage({ churnRounds: 21, print: () => {} });
  expect(stage.run().reason).toMatch(/^partial drain: bytes in order: expected 1048576, saw \d+$/);
  stage.close();
});

/** Measures the figures with 200 cycles. @returns the first line of their verdict. */
function figuresOf(Server: new () => PingServer): string {
  const proof = new Proof('figures', 'of a server', () => {});
  const verdict = proof.conclude(() => {
    proof.ask(stressFigures);
    takeStressFigures(proof, () => new Server(), 200);
  });
  return verdict.reason;
}

test('broken on purpose: the figures are not reached by a server that leaves a handle open', () => {
  const handles: number[] = [];
  class Leaky extends PingServer {
    override turn(timeoutMs: number): number {
      if (this.counts.ended >= 150 && handles.length === 0) {
        handles.push(CreateEventA(0, 1, 0, 0));
      }
      return super.turn(timeoutMs);
    }
  }
  expect(figuresOf(PingServer)).toBe('');
  const reason = figuresOf(Leaky);
  for (const handle of handles) CloseHandle(handle);
  expect(reason).toMatch(
    /^10,000 connects and disconnects: .* 200 done; [1-9]\d* handles, 0 blocks/,
  );
});
