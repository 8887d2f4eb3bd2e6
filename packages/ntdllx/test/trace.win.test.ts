import { Worker } from 'node:worker_threads';
import {
  allocate,
  ExportError,
  IO_COMPLETION_ALL_ACCESS,
  isAvailable,
  NtClose,
  NtCreateIoCompletion,
  NtSetIoCompletion,
  NtSetIoCompletionEx,
  nativeMemory,
  ntKernel,
  STATUS_INVALID_HANDLE,
} from 'ntdllx';
import { CloseHandle, CreateEventA, GetLastError, SetEvent } from 'ntdllx/kernel32';
import { type ObservedCall, observeCalls, prototypes, readMemory } from 'ntdllx/trace';
import { INVALID_SOCKET, WSAENOTSOCK, WSAGetLastError } from 'ntdllx/ws2_32';
import { afterEach, expect, test } from 'vitest';

const noHandle = 0x7ffc;

afterEach(() => {
  expect(nativeMemory().blocks).toBe(0);
});

/** Observes while it runs something. */
function seen(run: () => void): ObservedCall[] {
  const calls: ObservedCall[] = [];
  const end = observeCalls({ after: (call) => calls.push(call) });
  try {
    run();
  } finally {
    end();
  }
  return calls;
}

test('calls are seen in order, with rows, arguments, results and times', () => {
  const memory = allocate(8);
  const calls = seen(() => {
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

test('before the call the memory is the caller\u2019s, after it the kernel has written', () => {
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

test('what the program asks of GetLastError and WSAGetLastError is not disturbed', () => {
  // Work of every kind between a failure and the question, but no foreign call.
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
  'an observer that throws in %s changes no result, and is not asked again',
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
    expect((await warned).message).toMatch(/^An observer of foreign calls threw, .* on purpose/);
    end();
    // Somebody else may listen now.
    expect(seen(() => NtClose(noHandle))).toHaveLength(1);
  },
);

test('one observer at a time; ending twice, and from inside, is well', () => {
  const end = observeCalls({ after: () => {} });
  expect(() => observeCalls({ after: () => {} })).toThrowError('Somebody observes');
  end();
  const calls: string[] = [];
  const endInside = observeCalls({
    after: ({ name }) => {
      calls.push(name);
      endInside();
    },
  });
  // An end that is late must not end another one's.
  end();
  NtClose(noHandle);
  NtClose(noHandle);
  endInside();
  expect(calls).toEqual(['NtClose']);
});

test('foreign calls of an observer are not told to itself', () => {
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

test('a call that cannot be made throws as ever, and is not told', () => {
  expect(isAvailable('NtCreateWaitCompletionPacket')).toBeTypeOf('boolean');
  const calls = seen(() => {
    expect(() => NtClose('4' as unknown as number)).toThrowError(TypeError);
    if (!isAvailable('NtSetIoCompletionEx')) {
      expect(() => NtSetIoCompletionEx(0, 0, 0, 0, 0, 0)).toThrowError(ExportError);
    }
  });
  expect(calls).toEqual([]);
});

test('only the thread that asked is observed', async () => {
  const script = `
    import('ntdllx').then(({ NtClose }) => {
      NtClose(${noHandle});
      require('node:worker_threads').parentPort.postMessage('done');
    });
  `;
  const calls: ObservedCall[] = [];
  const end = observeCalls({ after: (call) => calls.push(call) });
  const worker = new Worker(script, { eval: true });
  const said = await new Promise((done, failed) => {
    worker.on('message', done);
    worker.on('error', failed);
  });
  await worker.terminate();
  end();
  expect(said).toBe('done');
  expect(calls).toEqual([]);
});

test('memory is read by address within live blocks alone', () => {
  const memory = allocate(24);
  memory.fill(7);
  memory.writeU64(8, 0x1122_3344n);
  expect(readMemory(memory.address + 8, 4)).toEqual(new Uint8Array([0x44, 0x33, 0x22, 0x11]));
  expect(readMemory(BigInt(memory.address), 24)?.byteLength).toBe(24);
  // Not a view: the copy stays when the block changes.
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
