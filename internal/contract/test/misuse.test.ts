import { AFD_POLL_RECEIVE, NativeMemoryError } from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { beforeEach, describe, expect, test } from 'vitest';
import { Environment } from './contract/environment.js';

// Checks that the simulated kernel reports every misuse.

let sim: ReturnType<typeof createSimNt>;
let env: Environment;

beforeEach(() => {
  sim = createSimNt({ seed: 11 });
  env = new Environment({
    kernel: sim.kernel,
    expected: 'wine8',
    over: 'IP',
    settle: async (limitMs) => sim.advance(limitMs),
    systemTime100ns: sim.systemTime100ns,
  });
});

async function armed() {
  const { client, server } = await env.pair();
  const { poll } = env.poller.arm([server], AFD_POLL_RECEIVE);
  return { client, server, poll };
}

describe('the simulated kernel records what a program must not do', () => {
  test('a block is freed while its poll is pending', async () => {
    const { poll } = await armed();
    poll.memory.free();
    expect(sim.violations[0]).toMatch(/frees the block .* poll 1 \(pending\) of handle 0x/);
    // The kernel's following action is reported, too.
    env.poller.cancel(poll);
    expect(sim.violations.at(-1)).toMatch(/The kernel's end of poll 1 uses 16 bytes .* were freed/);
  });

  test('a block is freed after the poll completed, before its packet was removed', async () => {
    const { client, poll } = await armed();
    client.send(Buffer.from('x'));
    poll.memory.free();
    expect(sim.violations[0]).toMatch(/poll 1 \(packet not taken yet\)/);
  });

  test.each([
    ['Status', 0],
    ['Information', 8],
    ['the time-out', 16],
    ['Events', 40],
  ])('%s is written while the poll is pending', async (_what, offset) => {
    const { poll } = await armed();
    poll.memory.writeU32(offset, 1);
    expect(sim.violations[0]).toMatch(
      /writes bytes .* which belong to a request of the kernel: poll 1 \(pending\)/,
    );
  });

  test('reading the block, and writing bytes that no request names, is allowed', async () => {
    const { poll } = await armed();
    poll.memory.readU32(0);
    poll.memory.writeU32(48, 1);
    expect(sim.violations).toEqual([]);
  });

  test('two pending polls use the same IO_STATUS_BLOCK', async () => {
    const { poll, server } = await armed();
    const { NtDeviceIoControlFile } = sim.kernel;
    const [iosb, info] = [poll.iosb.address, poll.input.address];
    NtDeviceIoControlFile(env.poller.afd, 0, 0, 9, iosb, 0x12024, info, 32, info, 32);
    expect(sim.violations[0]).toMatch(/uses the IO_STATUS_BLOCK of another pending poll: poll 1/);
    // A cancel ends both, as in NT.
    expect(env.poller.cancel(poll)).toBe('STATUS_SUCCESS');
    expect(env.poller.take(4, 0).packets).toHaveLength(2);
    server.close();
  });

  test('a block is freed twice, or used after it was freed', () => {
    const memory = sim.kernel.allocate(32);
    memory.free();
    for (const use of [() => memory.free(), () => memory.readU32(0), () => memory.fill(1)]) {
      expect(use).toThrowError(NativeMemoryError);
    }
    expect(sim.violations).toHaveLength(3);
    expect(sim.violations[0]).toMatch(/uses a freed block/);
  });

  test('a call passes an address outside all blocks, of a freed block, or behind the end of a block', () => {
    const memory = sim.kernel.allocate(24);
    const { address } = memory;
    expect(sim.kernel.NtCreateIoCompletion(0x1234, 0, 0, 0)).toBe(0xc000_0005);
    expect(sim.kernel.NtCreateIoCompletion(address + 20, 0, 0, 0)).toBe(0xc000_0005);
    memory.free();
    expect(sim.kernel.NtCreateIoCompletion(address, 0, 0, 0)).toBe(0xc000_0005);
    expect(sim.violations).toEqual([
      expect.stringMatching(/8 bytes at 0x1234, where no block was ever allocated/),
      expect.stringMatching(/outside the block of 24 bytes/),
      expect.stringMatching(/which were freed/),
    ]);
  });
});

describe('simulated memory behaves as real memory', () => {
  test('blocks are aligned, below 2^47, do not overlap, are filled and are counted', () => {
    const before = sim.memory;
    const blocks = Array.from({ length: 200 }, (_, index) => sim.kernel.allocate(1 + index * 37));
    for (const block of blocks) {
      expect(block.address % 8).toBe(0);
      expect(block.address).toBeLessThan(2 ** 47);
      expect(block.read(0, 1)[0]).toBe(0xaa);
    }
    const sorted = [...blocks].sort((a, b) => a.address - b.address);
    for (const [index, block] of sorted.slice(1).entries()) {
      const previous = sorted[index];
      expect(block.address).toBeGreaterThanOrEqual(
        (previous?.address ?? 0) + (previous?.byteLength ?? 0),
      );
    }
    expect(sim.memory.blocks).toBe(before.blocks + 200);
    for (const block of blocks) block.free();
    expect(sim.memory).toEqual(before);
  });

  test('the address of a freed block is soon reused', () => {
    const seen = new Set<number>();
    let again = 0;
    for (let count = 0; count < 100; count += 1) {
      const block = sim.kernel.allocate(48);
      if (seen.has(block.address)) again += 1;
      seen.add(block.address);
      block.free();
    }
    expect(again).toBeGreaterThan(50);
  });

  test('a call outside a block throws and changes nothing', () => {
    const memory = sim.kernel.allocate(16);
    const uses = [
      () => memory.readU32(13),
      () => memory.readU16(-1),
      () => memory.writeU64(9, 0n),
      () => memory.write(10, new Uint8Array(7)),
      () => memory.read(0, -1),
      () => memory.writePointer(0, -1),
      () => sim.kernel.allocate(0),
    ];
    for (const use of uses) expect(use).toThrowError(NativeMemoryError);
  });
});
