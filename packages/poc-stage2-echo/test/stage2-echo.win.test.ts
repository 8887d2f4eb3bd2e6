import { nativeMemory } from 'ntdllx';
import { EchoServer, runTest, type SocketPoll, Stage2Echo } from 'poc-stage2-echo';
import { failedChecks, inRelease } from 'test-kit';
import { TCPServerAddress } from 'tofu-sockets';
import { afterEach, expect, test } from 'vitest';

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };
const local = () => new TCPServerAddress('127.0.0.1', 0);

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('E01 Windows Stage 2: the client receives "Tofu Engine"', () => {
  const lines: string[] = [];
  const verdict = runTest({ print: (line) => lines.push(line) });
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(12);
  expect(lines).toContain('   ok   the client received: Tofu Engine');
});

inRelease(() => {
  test('broken on purpose: the stage fails if no poll follows the first message', () => {
    class Once extends EchoServer {
      #polls = 0;
      protected override arm(connection: Parameters<EchoServer['arm']>[0]): void {
        this.#polls += 1;
        if (this.#polls === 1) super.arm(connection);
      }
    }
    class OnceStage extends Stage2Echo {
      protected override createServer(): EchoServer {
        return new Once(local());
      }
    }
    expect(failedChecks(new OnceStage(quick))).toEqual(['connections ended by the client: 0']);
  });
});

test('broken on purpose: a block that is freed while its poll is pending is refused', () => {
  const refusals: unknown[] = [];
  class Hasty extends EchoServer {
    protected override arm(connection: Parameters<EchoServer['arm']>[0]): void {
      super.arm(connection);
      const hasty = (action: (poll: SocketPoll) => void) => {
        try {
          action(connection.poll);
        } catch (error) {
          refusals.push((error as Error).message);
        }
      };
      hasty((poll) => poll.free());
      hasty((poll) => poll.arm(connection.requestedEvents));
    }
  }
  class HastyStage extends Stage2Echo {
    protected override createServer(): EchoServer {
      return new Hasty(local());
    }
  }
  const stage = new HastyStage({ print: () => {} });
  expect(stage.run().verdict).toBe('proven');
  stage.close();
  expect(refusals).toEqual([
    'A poll of this socket is pending: take its packet before you free the block.',
    'A poll of this socket is pending: take its packet first.',
    'A poll of this socket is pending: take its packet before you free the block.',
    'A poll of this socket is pending: take its packet first.',
  ]);
});

test('a stage can be closed before it runs, and twice', () => {
  const stage = new Stage2Echo(quick);
  stage.close();
  stage.close();
  expect(() => stage.run()).toThrowError('This stage is closed');
});
