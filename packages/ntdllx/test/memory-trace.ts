import { Worker } from 'node:worker_threads';
import {
  AFD_POLL_INFO,
  allocate,
  ExportError,
  FILE_IO_COMPLETION_INFORMATION,
  IO_COMPLETION_ALL_ACCESS,
  IO_STATUS_BLOCK,
  isAvailable,
  LARGE_INTEGER,
  NativeMemoryError,
  NtClose,
  NtCreateIoCompletion,
  NtSetIoCompletion,
  NtSetIoCompletionEx,
  nativeMemory,
  ntKernel,
  STATUS_INVALID_HANDLE,
} from 'ntdllx';
import { DEBUG, debugFill } from 'ntdllx/internal';
import { CloseHandle, CreateEventA, GetLastError, SetEvent } from 'ntdllx/kernel32';
import { type ObservedCall, observeCalls, prototypes, readMemory } from 'ntdllx/trace';
import { INVALID_SOCKET, WSAENOTSOCK, WSAGetLastError } from 'ntdllx/ws2_32';
import { afterEach, describe, expect, test } from 'vitest';
import { readOracle } from './oracle.js';

// Native memory that the kernel writes to, and the observer of foreign calls.

const noHandle = 0x7ffc;

afterEach(() => {
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
});

test('a block is aligned, counted, and filled in the debug build', () => {
  for (const byteLength of [1, 8, 48, 4_096, 1_000_000]) {
    const memory = allocate(byteLength);
    expect(memory.address % 8).toBe(0);
    expect(memory.address).toBeGreaterThan(0);
    expect(nativeMemory()).toEqual({ blocks: 1, bytes: byteLength });
    if (DEBUG)
      expect([...memory.read(0, byteLength)].every((b) => b === debugFill.fresh)).toBe(true);
    memory.free();
  }
});

test('a freed block cannot be read or written', () => {
  const memory = allocate(16);
  memory.free();
  const uses = [
    () => memory.free(),
    () => memory.readU32(0),
    () => memory.writeU64(8, 1n),
    () => memory.read(0, 1),
    () => memory.fill(0),
  ];
  for (const use of uses) expect(use).toThrowError('This block of native memory was freed: ');
});

test('writePointer and readPointer preserve a handle or an address', () => {
  const memory = allocate(16);
  for (const value of [
    0,
    1,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_fff8,
    Number.MAX_SAFE_INTEGER,
  ]) {
    memory.writePointer(8, value);
    expect(memory.readPointer(8)).toBe(value);
    expect(memory.readU64(8)).toBe(BigInt(value));
  }
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) {
    expect(() => memory.writePointer(0, value)).toThrowError(NativeMemoryError);
  }
  expect(() => memory.readPointer(9)).toThrowError(NativeMemoryError);
  memory.free();
});

test('an access outside a block throws', () => {
  const memory = allocate(16);
  const uses = [
    () => memory.readU32(13),
    () => memory.readU64(9),
    () => memory.readU16(-1),
    () => memory.readI32(Number.NaN),
    () => memory.readI64(0.5),
    () => memory.writeU32(16, 0),
    () => memory.write(10, new Uint8Array(7)),
    () => memory.read(0, 17),
    () => memory.read(0, -1),
    () => memory.read(20, 0),
  ];
  for (const use of uses) expect(use).toThrowError(NativeMemoryError);
  memory.free();
});

test('10,000 blocks are allocated and freed', () => {
  for (let round = 0; round < 100; round += 1) {
    const blocks = Array.from({ length: 100 }, (_, index) => allocate(16 + index));
    expect(new Set(blocks.map(({ address }) => address)).size).toBe(100);
    for (const block of blocks) block.free();
  }
});

describe('accessors write where the headers say', () => {
  const { structs } = readOracle();
  const at = (struct: string, field: string) => structs[struct]?.fields[field]?.[0] as number;

  test('IO_STATUS_BLOCK', () => {
    const memory = allocate(32);
    memory.fill(0);
    const iosb = new IO_STATUS_BLOCK(memory, 16);
    iosb.Status = 0xc000_0120;
    iosb.Information = 0x1122_3344_5566_7788n;
    expect(iosb.address).toBe(memory.address + 16);
    expect(memory.readU32(16 + at('IO_STATUS_BLOCK', 'Status'))).toBe(0xc000_0120);
    expect(memory.readU64(16 + at('IO_STATUS_BLOCK', 'Information'))).toBe(iosb.Information);
    expect(memory.readU64(0)).toBe(0n);
    memory.free();
  });

  test('AFD_POLL_INFO', () => {
    const memory = allocate(AFD_POLL_INFO.byteLength(2));
    memory.fill(0);
    const info = new AFD_POLL_INFO(memory);
    info.Timeout = -5n;
    info.NumberOfHandles = 2;
    info.Exclusive = 1;
    const second = info.handle(1);
    second.Handle = 0xe0n;
    second.Events = 0x80;
    second.Status = 0xc000_0236;
    expect(memory.readI64(at('AFD_POLL_INFO', 'Timeout'))).toBe(-5n);
    expect(memory.readU32(at('AFD_POLL_INFO', 'NumberOfHandles'))).toBe(2);
    expect(memory.readU32(at('AFD_POLL_INFO', 'Exclusive'))).toBe(1);
    const start =
      at('AFD_POLL_INFO', 'Handles') + (structs['AFD_POLL_HANDLE_INFO']?.size as number);
    expect(memory.readU64(start + at('AFD_POLL_HANDLE_INFO', 'Handle'))).toBe(0xe0n);
    expect(memory.readU32(start + at('AFD_POLL_HANDLE_INFO', 'Events'))).toBe(0x80);
    expect(memory.readU32(start + at('AFD_POLL_HANDLE_INFO', 'Status'))).toBe(0xc000_0236);
    expect(info.handle(0).Handle).toBe(0n);
    memory.free();
  });

  test('FILE_IO_COMPLETION_INFORMATION and LARGE_INTEGER', () => {
    const memory = allocate(40);
    const name = 'FILE_IO_COMPLETION_INFORMATION';
    memory.writeU64(at(name, 'KeyContext'), 1n);
    memory.writeU64(at(name, 'ApcContext'), 2n);
    memory.writeU32(at(name, 'IoStatusBlock.Status'), 3);
    memory.writeU64(at(name, 'IoStatusBlock.Information'), 4n);
    const entry = new FILE_IO_COMPLETION_INFORMATION(memory);
    const { KeyContext, ApcContext, IoStatusBlock } = entry;
    expect([KeyContext, ApcContext, IoStatusBlock.Status, IoStatusBlock.Information]).toEqual([
      1n,
      2n,
      3,
      4n,
    ]);
    const time = new LARGE_INTEGER(memory, 32);
    time.QuadPart = -100n;
    expect(memory.readI64(32)).toBe(-100n);
    memory.free();
  });
});

/** Runs a function with an observer. @returns the calls that it made */
function observed(run: () => void): ObservedCall[] {
  const calls: ObservedCall[] = [];
  const end = observeCalls({ after: (call) => calls.push(call) });
  try {
    run();
  } finally {
    end();
  }
  return calls;
}

test('calls are reported in order, with rows, arguments, results and times', () => {
  const memory = allocate(8);
  const calls = observed(() => {
    NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    NtSetIoCompletion(Number(memory.readU64(0)), 1, 2n ** 63n, 3, 4);
    NtClose(noHandle);
    ntKernel.NtClose(Number(memory.readU64(0)));
  });
  const port = Number(memory.readU64(0));
  memory.free();
  expect(calls).toMatchObject([
    {
      name: 'NtCreateIoCompletion',
      args: [memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0],
      result: 0,
    },
    { name: 'NtSetIoCompletion', args: [port, 1, 2n ** 63n, 3, 4], result: 0 },
    { name: 'NtClose', args: [noHandle], result: STATUS_INVALID_HANDLE },
    { name: 'NtClose', args: [port], result: 0 },
  ]);
  let lastUs = 0;
  for (const { name, prototype, startUs, durationUs, threadId } of calls) {
    expect(prototype).toBe(prototypes[name]);
    expect(threadId).toBe(0);
    expect(startUs).toBeGreaterThanOrEqual(lastUs);
    expect(durationUs).toBeGreaterThanOrEqual(0);
    lastUs = startUs + durationUs;
  }
});

test('the memory is unchanged in before, and has the kernel\u2019s output in after', () => {
  const memory = allocate(8);
  memory.fill(0);
  const read: (Uint8Array | undefined)[] = [];
  const end = observeCalls({
    before: ({ args }) => read.push(readMemory(args[0] ?? 0, 8)),
    after: ({ args }) => read.push(readMemory(args[0] ?? 0, 8)),
  });
  NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
  end();
  expect(read).toEqual([new Uint8Array(8), memory.read(0, 8)]);
  expect(memory.readU64(0)).not.toBe(0n);
  NtClose(Number(memory.readU64(0)));
  memory.free();
});

test('an observer does not change what GetLastError and WSAGetLastError return', () => {
  // Various work, but no foreign call, between the failed call and GetLastError.
  const busy = () => {
    for (let round = 0; round < 100; round += 1) readMemory(round, 8);
    process.hrtime.bigint();
    process.memoryUsage();
    structuredClone({ round: [1, 2, 3] });
  };
  const end = observeCalls({ before: busy, after: busy });
  for (let round = 0; round < 50; round += 1) {
    expect(ntKernel.closesocket(noHandle)).toBe(-1);
    expect(WSAGetLastError()).toBe(WSAENOTSOCK);
    expect(SetEvent(noHandle)).toBe(0);
    expect(GetLastError()).toBe(6);
    expect(BigInt(ntKernel.accept(noHandle, 0, 0))).toBe(INVALID_SOCKET);
    expect(WSAGetLastError()).toBe(WSAENOTSOCK);
  }
  end();
});

test.each(['before', 'after'] as const)(
  'an observer that throws in %s changes no result and is removed',
  async (method) => {
    let asked = 0;
    const warned = new Promise<Error>((done) => process.once('warning', done));
    const end = observeCalls({
      after: () => {},
      [method]: () => {
        asked += 1;
        throw new Error('on purpose');
      },
    });
    const event = CreateEventA(0, 1, 0, 0);
    expect(event).not.toBe(0);
    expect(SetEvent(event)).toBe(1);
    expect(CloseHandle(event)).toBe(1);
    expect(asked).toBe(1);
    expect((await warned).message).toMatch(
      /^An observer of foreign calls threw and was removed: .* on purpose/,
    );
    end();
    // A new observer can be installed.
    expect(observed(() => NtClose(noHandle))).toHaveLength(1);
  },
);

test('a thread has at most one observer, which can be removed twice, and can remove itself', () => {
  const end = observeCalls({ after: () => {} });
  expect(() => observeCalls({ after: () => {} })).toThrowError('already have an observer');
  end();
  const calls: string[] = [];
  const endInside = observeCalls({
    after: ({ name }) => {
      calls.push(name);
      endInside();
    },
  });
  // Removing the first observer again must not remove the second one.
  end();
  NtClose(noHandle);
  NtClose(noHandle);
  endInside();
  expect(calls).toEqual(['NtClose']);
});

test('foreign calls of an observer are not reported to it', () => {
  let asked = 0;
  const end = observeCalls({
    after: () => {
      asked += 1;
      NtClose(noHandle);
    },
  });
  expect(NtClose(noHandle)).toBe(STATUS_INVALID_HANDLE);
  end();
  expect(asked).toBe(1);
});

test('a call that cannot be made throws as without an observer, and is not reported', () => {
  expect(isAvailable('NtCreateWaitCompletionPacket')).toBeTypeOf('boolean');
  const calls = observed(() => {
    expect(() => NtClose('4' as unknown as number)).toThrowError(TypeError);
    if (!isAvailable('NtSetIoCompletionEx')) {
      expect(() => NtSetIoCompletionEx(0, 0, 0, 0, 0, 0)).toThrowError(ExportError);
    }
  });
  expect(calls).toEqual([]);
});

test('only the thread that installed the observer is observed', async () => {
  const script = `
    import('ntdllx').then(({ NtClose }) => {
      NtClose(${noHandle});
      require('node:worker_threads').parentPort.postMessage('done');
    });
  `;
  const calls: ObservedCall[] = [];
  const end = observeCalls({ after: (call) => calls.push(call) });
  const worker = new Worker(script, { eval: true });
  const answer = await new Promise((done, failed) => {
    worker.on('message', done);
    worker.on('error', failed);
  });
  await worker.terminate();
  end();
  expect(answer).toBe('done');
  expect(calls).toEqual([]);
});

test('readMemory reads only inside blocks that are not freed', () => {
  const memory = allocate(24);
  memory.fill(7);
  memory.writeU64(8, 0x1122_3344n);
  expect(readMemory(memory.address + 8, 4)).toEqual(new Uint8Array([0x44, 0x33, 0x22, 0x11]));
  expect(readMemory(BigInt(memory.address), 24)?.byteLength).toBe(24);
  // The block's last byte can be read; the byte behind it, below, cannot.
  expect(readMemory(memory.address + 23, 1)).toEqual(new Uint8Array([7]));
  // A copy, not a view: it does not change with the block.
  const copy = readMemory(memory.address, 1);
  memory.fill(9);
  expect(copy).toEqual(new Uint8Array([7]));
  for (const [address, byteLength] of [
    [memory.address, 25],
    [memory.address + 20, 8],
    [memory.address - 1, 4],
    [memory.address + 24, 1],
    [0, 8],
    [8, 8],
    [2n ** 64n - 1n, 8],
    [memory.address, -1],
  ] as const) {
    expect(readMemory(address, byteLength), `${address} ${byteLength}`).toBeUndefined();
  }
  memory.free();
  expect(readMemory(memory.address, 8)).toBeUndefined();
});
