import { Worker } from 'node:worker_threads';
import {
  AFD_POLL_INFO,
  allocate,
  type NativeMemory,
  NtSetIoCompletion,
  nativeMemory,
  STATUS_SUCCESS,
} from 'ntdllx';
import type { AcceptPoll, PollParameters } from 'poc-kit';
import { runTest, Stage1AcceptIocp } from 'poc-stage1-iocp';
import { failedChecks, inRelease } from 'test-kit';
import { afterEach, describe, expect, test } from 'vitest';

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('Windows Stage 1 IOCP: Accept Test', () => {
  const lines: string[] = [];
  const verdict = runTest({ print: (line) => lines.push(line) });
  expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
  expect(verdict.checks).toHaveLength(16);
  expect(lines.join('\n')).toContain('Events returned: 0x80');
});

test('N01 the request has the values of the plan\u2019s parameter table', () => {
  class Seen extends Stage1AcceptIocp {
    readonly seen: [PollParameters, AcceptPoll][] = [];
    protected override pollParameters(poll: AcceptPoll): PollParameters {
      const parameters = super.pollParameters(poll);
      this.seen.push([parameters, poll]);
      expect(parameters).toEqual({
        FileHandle: this.base,
        Event: 0,
        ApcRoutine: 0,
        ApcContext: poll.iosb.address,
        IoStatusBlock: poll.iosb.address,
        IoControlCode: 0x12024,
        InputBuffer: poll.info.address,
        InputBufferLength: 32,
        OutputBuffer: poll.info.address,
        OutputBufferLength: 32,
      });
      return parameters;
    }
  }
  const stage = new Seen(quick);
  expect(stage.run().verdict).toBe('proven');
  stage.close();
  expect(stage.seen).toHaveLength(1);
});

inRelease(() => {
  test('broken on purpose: N05 the stage fails if it reads the input instead of the output', () => {
    class TwoBuffers extends Stage1AcceptIocp {
      output: NativeMemory | undefined;
      protected override pollParameters(poll: AcceptPoll): PollParameters {
        this.output = allocate(AFD_POLL_INFO.byteLength(1));
        return { ...super.pollParameters(poll), OutputBuffer: this.output.address };
      }
      override close(): void {
        super.close();
        this.output?.free();
        this.output = undefined;
      }
    }
    // The packet is real, and the input of the request already has NumberOfHandles 1. Only the
    // requested mask and the poison value can reveal the mistake.
    expect(failedChecks(new TwoBuffers(quick))).toEqual([
      'Events returned: 0x1b8',
      'Handles[0].Status: 0xdeadbeef',
    ]);
  });

  test('broken on purpose: the stage fails if the program itself posts the packet', () => {
    class Posted extends Stage1AcceptIocp {
      protected override startClient(): void {
        const address = this.poll?.iosb.address ?? 0;
        NtSetIoCompletion(this.port, 0, address, STATUS_SUCCESS, AFD_POLL_INFO.byteLength(1));
      }
    }
    expect(failedChecks(new Posted(quick))).toEqual([
      'IoStatusBlock.Status: 0x103',
      'IoStatusBlock.Information: 0',
      'Events returned: 0x1b8',
      'Handles[0].Status: 0xdeadbeef',
      'accept: would block',
    ]);
  });

  test('broken on purpose: the stage fails if the poll has no socket', () => {
    class Nowhere extends Stage1AcceptIocp {
      protected override pollParameters(poll: AcceptPoll): PollParameters {
        return { ...super.pollParameters(poll), FileHandle: 0x7ffc };
      }
    }
    expect(failedChecks(new Nowhere(quick))).toEqual([
      expect.stringMatching(/^error: NtDeviceIoControlFile returned STATUS_INVALID_HANDLE/),
    ]);
  });
});

test('a block that the kernel still owns is not freed, and the proof continues', () => {
  const refusals: string[] = [];
  class Hasty extends Stage1AcceptIocp {
    protected override startClient(): void {
      try {
        this.poll?.free();
      } catch (error) {
        refusals.push((error as Error).message);
      }
      super.startClient();
    }
  }
  const stage = new Hasty(quick);
  expect(stage.run().verdict).toBe('proven');
  stage.close();
  expect(refusals).toEqual([expect.stringMatching(/^The kernel has not completed the request/)]);
});

test('an error before the request leaks nothing', () => {
  class Throwing extends Stage1AcceptIocp {
    protected override pollParameters(): PollParameters {
      throw new Error('on purpose');
    }
  }
  expect(failedChecks(new Throwing(quick))).toEqual(['error: on purpose']);
});

test('a stage can be closed before it runs, twice, and after it ran', () => {
  const fresh = new Stage1AcceptIocp(quick);
  fresh.close();
  fresh.close();
  expect(() => fresh.run()).toThrowError('This stage is closed');
});

inRelease(() => {
  test('--external: a client of another program proves the accept', async () => {
    // The client runs in its own thread, because this thread blocks in the kernel.
    const script = `
      const { connect } = require('node:net');
      const { workerData } = require('node:worker_threads');
      const socket = connect(workerData, '127.0.0.1');
      socket.on('error', () => {});
    `;
    let stranger: Worker | undefined;
    const lines: string[] = [];
    const print = (line: string) => {
      lines.push(line);
      const port = /nc 127\.0\.0\.1 (\d+)/.exec(line)?.[1];
      if (port !== undefined)
        stranger = new Worker(script, { eval: true, workerData: Number(port) });
    };
    const verdict = runTest({ external: true, waitLimitMs: 10_000, print });
    expect(verdict).toMatchObject({ verdict: 'proven', reason: '' });
    expect(lines.join('\n')).toMatch(/accepted a connection from 127\.0\.0\.1:\d+/);
    await stranger?.terminate();
  });

  test('a port in use ends the proof with the reason, and leaks nothing', () => {
    let port = 0;
    const holder = new Stage1AcceptIocp({
      ...quick,
      print: (line) => {
        port ||= Number(/port (\d+)$/.exec(line)?.[1] ?? 0);
      },
    });
    expect(holder.run().verdict).toBe('proven');
    const second = runTest({ ...quick, port });
    holder.close();
    expect(second.verdict).toBe('failed');
    expect(second.reason).toMatch(/^error: expected none, saw bind failed with WSAEADDRINUSE/);
  });
});

inRelease(() => {
  describe('the trace', async () => void (await import('./trace.js')));
});
