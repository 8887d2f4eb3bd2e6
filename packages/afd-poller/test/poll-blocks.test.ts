import { PollBlocks } from 'afd-poller/internal';
import { STATUS_CANCELLED, STATUS_PENDING, STATUS_SUCCESS, STATUS_TIMEOUT } from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { expect, test } from 'vitest';

// Creates a ledger of blocks, with access to the memory that a kernel would write the status to.
function ledger() {
  const { kernel } = createSimNt({ seed: 1 });
  const memories: ReturnType<typeof kernel.allocate>[] = [];
  const allocate = (byteLength: number) => {
    const memory = kernel.allocate(byteLength);
    memories.push(memory);
    return memory;
  };
  const blocks = new PollBlocks({ ...kernel, allocate });
  const end = (block: number, status: number) => {
    const address = blocks.address(block);
    for (const memory of memories) {
      const at = address - memory.address;
      if (at >= 0 && at < memory.byteLength) memory.writeU32(at, status);
    }
  };
  return { blocks, end };
}

test('a packet finds the completed loan of its own block', () => {
  const { blocks, end } = ledger();
  // More blocks than the first slab has.
  const all = Array.from({ length: 200 }, () => blocks.acquire());
  const contexts = all.map((block) => blocks.lend(block, 1));
  expect(new Set(contexts).size).toBe(all.length);
  for (const apcContext of contexts) expect(blocks.findCompleted(apcContext)).toBe(-1);
  for (const block of all) end(block, STATUS_SUCCESS);
  expect(contexts.map((apcContext) => blocks.findCompleted(apcContext))).toEqual(all);
  blocks.verify();
  for (const block of all) blocks.takeBack(block);
  for (const apcContext of contexts) expect(blocks.findCompleted(apcContext)).toBe(-1);
  expect(blocks.close()).toBe(0);
  for (const apcContext of contexts) expect(blocks.findCompleted(apcContext)).toBe(-1);
});

test('64 loans of one block have different ApcContexts; an old packet finds no later loan', () => {
  const { blocks, end } = ledger();
  const block = blocks.acquire();
  const earlier: number[] = [];
  for (let loan = 0; loan < 64; loan += 1) {
    const apcContext = blocks.lend(block, 1);
    expect(blocks.status(block)).toBe(STATUS_PENDING);
    end(block, STATUS_SUCCESS);
    expect(earlier.map((old) => blocks.findCompleted(old))).toEqual(earlier.map(() => -1));
    expect(blocks.findCompleted(apcContext)).toBe(block);
    blocks.takeBack(block);
    earlier.push(apcContext);
  }
  expect(new Set(earlier).size).toBe(64);
});

test.each([STATUS_CANCELLED, STATUS_TIMEOUT])(
  'G07 a block whose last poll ended with 0x%x is pending again until its next poll completes',
  (last) => {
    const { blocks, end } = ledger();
    const block = blocks.acquire();
    const before = blocks.lend(block, 1);
    end(block, last);
    expect(blocks.findCompleted(before)).toBe(block);
    blocks.takeBack(block);
    const after = blocks.lend(block, 1);
    expect(blocks.status(block)).toBe(STATUS_PENDING);
    expect([blocks.findCompleted(before), blocks.findCompleted(after)]).toEqual([-1, -1]);
    end(block, STATUS_SUCCESS);
    expect([blocks.findCompleted(before), blocks.findCompleted(after)]).toEqual([-1, block]);
  },
);

test('a packet with the ApcContext of other code finds no block', () => {
  const { blocks, end } = ledger();
  const block = blocks.acquire();
  const apcContext = blocks.lend(block, 1);
  end(block, STATUS_SUCCESS);
  // Null and addresses are even. The ApcContext is odd, and small enough that V8 stores it without
  // an allocation.
  expect([apcContext % 2, apcContext < 2 ** 31]).toEqual([1, true]);
  const foreign = [0, apcContext - 1, apcContext + 1, apcContext + 2, apcContext + 128];
  foreign.push(blocks.address(block), blocks.infoAddress(block), 2 ** 31, 2 ** 53, 2 ** 64);
  expect(foreign.map((value) => blocks.findCompleted(value))).toEqual(foreign.map(() => -1));
  expect(blocks.findCompleted(apcContext)).toBe(block);
});
