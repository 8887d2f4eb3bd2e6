import { nativeMemory } from 'ntdllx';
import { EchoServer, Stage2Echo } from 'poc-stage2-echo';
import { failedChecks } from 'test-kit';
import { TCPServerAddress } from 'tofu-sockets';
import { afterEach, expect, test } from 'vitest';

// Tests that wait for a real time-out. stage2-echo.win.test.ts has the other tests.

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };
const local = () => new TCPServerAddress('127.0.0.1', 0);

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('broken on purpose: the stage fails without a client', () => {
  class NoClient extends Stage2Echo {
    protected override startClient(): void {}
  }
  expect(failedChecks(new NoClient(quick))).toEqual([
    'connections accepted: 0',
    'bytes received: 0',
    'bytes sent: 0',
    'connections ended by the client: 0',
  ]);
});

test('broken on purpose: the stage fails if no poll follows the accept', () => {
  class NeverPolling extends EchoServer {
    protected override arm(): void {}
  }
  class NeverPollingStage extends Stage2Echo {
    protected override createServer(): EchoServer {
      return new NeverPolling(local());
    }
  }
  expect(failedChecks(new NeverPollingStage(quick))).toEqual([
    'bytes received: 0',
    'bytes sent: 0',
    'connections ended by the client: 0',
  ]);
});

test('broken on purpose: a server that loses a message reaches none of the figures', () => {
  class Forgetful extends EchoServer {
    #served = 0;
    protected override serve(connection: Parameters<EchoServer['serve']>[0]): void {
      this.#served += 1;
      if (this.#served === 50) connection.skt.recv(this.buffer);
      super.serve(connection);
    }
  }
  class ForgetfulStage extends Stage2Echo {
    protected override createServer(): EchoServer {
      return new Forgetful(local());
    }
  }
  const stage = new ForgetfulStage({ print: () => {}, waitLimitMs: 1_000, isThorough: true });
  expect(failedChecks(stage)).toEqual([
    'error: Timed out after 3000 ms, before an echo was received.',
    '100 re-arms: not reached',
    '1 MiB over each of 4 connections: not reached',
    'a peer that vanishes among them: not reached',
    'a peer that does not read for a time: not reached',
    'partial sends: not reached',
    'echoes: not reached',
  ]);
});
