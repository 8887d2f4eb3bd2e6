import { AFD_POLL_INFO, allocate, type NativeMemory, nativeMemory } from 'ntdllx';
import type { AcceptPoll, PollParameters } from 'poc-kit';
import { Stage1AcceptIocp } from 'poc-stage1-iocp';
import { afterEach, expect, test } from 'vitest';
import { brokenCells } from './traced.js';

// Tests that wait for a real time-out. trace.ts has the other tests.

// Long enough for a helper thread to start on a busy machine. A wait for something that never
// arrives takes all of this time.
const quick = { print: () => {}, waitLimitMs: 3_000 };

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('broken on purpose: a null ApcContext differs from its cell, and NT posts no packet', () => {
  class NoContext extends Stage1AcceptIocp {
    protected override pollParameters(poll: AcceptPoll): PollParameters {
      return { ...super.pollParameters(poll), ApcContext: 0 };
    }
  }
  const cells = brokenCells(new NoContext(quick));
  expect(cells).toContain('The request: ApcContext null');
  expect(cells).toContain('The packet: ApcContext nothing');
  expect(cells).toContain('The wait: = result STATUS_TIMEOUT');
});

test('broken on purpose: another output buffer differs from its cell', () => {
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
  expect(brokenCells(new TwoBuffers(quick))).toEqual(['The request: OutputBuffer &info#2']);
});
