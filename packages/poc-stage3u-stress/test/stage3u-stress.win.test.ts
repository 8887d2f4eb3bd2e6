import { nativeMemory } from 'ntdllx';
import { PartialDrain } from 'poc-stage3-stress';
import { runTest, Stage3uStress } from 'poc-stage3u-stress';
import { failedChecks, hostProfile } from 'test-kit';
import { afterEach, expect, test } from 'vitest';

const { afUnix } = hostProfile();

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('Windows Stage 3U is proven, or unsupported with the reason', () => {
  const lines: string[] = [];
  const verdict = runTest({ print: (line) => lines.push(line) });
  console.log(`${verdict.verdict}: ${verdict.reason}`);
  expect(verdict.verdict).toBe(afUnix.isPresent ? 'proven' : 'unsupported');
  if (afUnix.isPresent) {
    expect(lines.join('\n')).toContain('pings answered: 50');
  } else {
    expect(verdict.reason).toMatch(/^This host does not have AF_UNIX: WSASocketW failed with /);
    expect(verdict.checks).toEqual([]);
  }
});

test.skipIf(!afUnix.isPresent)(
  `broken on purpose: the stage fails if data are discarded ${afUnix.reason}`,
  () => {
    class Lossy extends PartialDrain {
      protected override resume(server: Parameters<PartialDrain['pause']>[0]): void {
        server.recv(new Uint8Array(1_000));
        super.resume(server);
      }
    }
    class LossyStage extends Stage3uStress {
      protected override createDrain(): PartialDrain {
        return new Lossy(this.address());
      }
    }
    const [first] = failedChecks(new LossyStage({ churnRounds: 21, print: () => {} }));
    expect(first).toMatch(/^partial drain: bytes in order: /);
  },
);

test('a stage can be closed before it runs, and twice', () => {
  const stage = new Stage3uStress({ print: () => {} });
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});
