import { nativeMemory } from 'ntdllx';
import { EchoServer, Stage2Echo } from 'poc-stage2-echo';
import { TCPServerAddress } from 'tofu-sockets';
import { afterEach, expect, test } from 'vitest';

// What shows only when a real time-out is over; the rest: stage2-echo.win.test.ts.

const quick = { print: () => {}, waitLimitMs: 700 };
const local = () => new TCPServerAddress('127.0.0.1', 0);

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

/** Runs a stage that is broken on purpose; returns the checks that did not hold. */
function broken(stage: Stage2Echo): string[] {
  try {
    const { verdict, checks } = stage.run();
    expect(verdict).toBe('failed');
    return checks.filter(({ ok }) => !ok).map(({ name, seen }) => `${name}: ${seen}`);
  } finally {
    stage.close();
  }
}

test('broken on purpose: no client', () => {
  class NoClient extends Stage2Echo {
    protected override startClient(): void {}
  }
  expect(broken(new NoClient(quick))).toEqual([
    'connections accepted: 0',
    'bytes received: 0',
    'bytes sent: 0',
    'connections ended by the client: 0',
  ]);
});

test('broken on purpose: no poll after the accept', () => {
  class Deaf extends EchoServer {
    protected override arm(): void {}
  }
  class DeafStage extends Stage2Echo {
    protected override createServer(): EchoServer {
      return new Deaf(local());
    }
  }
  expect(broken(new DeafStage(quick))).toEqual([
    'bytes received: 0',
    'bytes sent: 0',
    'connections ended by the client: 0',
  ]);
});
