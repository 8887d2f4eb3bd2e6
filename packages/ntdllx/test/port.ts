import {
  allocate,
  ExportError,
  FILE_COMPLETION_INFORMATION,
  FILE_IO_COMPLETION_INFORMATION,
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  FileCompletionInformation,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  IoCompletionBasicInformation,
  isAvailable,
  LARGE_INTEGER,
  NtCancelIoFile,
  NtClose,
  NtCreateFile,
  NtCreateIoCompletion,
  NtCreateWaitCompletionPacket,
  NtCurrentProcess,
  NtDuplicateObject,
  NtQueryIoCompletion,
  NtRemoveIoCompletionEx,
  NtSetInformationFile,
  NtSetIoCompletion,
  NtSetIoCompletionEx,
  nativeMemory,
  ntStatusName,
  OBJ_CASE_INSENSITIVE,
  OBJECT_ATTRIBUTES,
  optionalFunctions,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
  SYNCHRONIZE,
} from 'ntdllx';
import { DEBUG } from 'ntdllx/internal';
import {
  CloseHandle,
  CreateEventA,
  CreateIoCompletionPort,
  lastWin32Error,
  SetEvent,
  WAIT_OBJECT_0,
  WAIT_TIMEOUT,
  WaitForSingleObject,
} from 'ntdllx/kernel32';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';

// The calls that a poller makes, on the real kernel: completion ports, their packets, and the
// files that are associated with a port.

const entryBytes = FILE_IO_COMPLETION_INFORMATION.layout.size;
const memory = allocate(4 * entryBytes + 16);
const removed = 4 * entryBytes;
const timeout = new LARGE_INTEGER(memory, removed + 8);
let port: HANDLE;

beforeEach(() => {
  port = createPort();
});

afterEach(() => {
  NtClose(port);
});

afterAll(() => {
  memory.free();
  expect(nativeMemory().blocks).toBe(0);
});

function createPort(): HANDLE {
  const status = NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
  requireNtSuccess('NtCreateIoCompletion', status);
  return Number(memory.readU64(0));
}

function remove(count: number, timeoutMs: number) {
  timeout.QuadPart = relativeTimeout100ns(timeoutMs);
  const status = NtRemoveIoCompletionEx(
    port,
    memory.address,
    count,
    memory.address + removed,
    timeout.address,
    0,
  );
  // The count is valid only after a success: Wine stores 1 also on a time-out.
  const entries = status === STATUS_SUCCESS ? memory.readU32(removed) : 0;
  return {
    status,
    entries: Array.from({ length: entries }, (_, index) => {
      const entry = new FILE_IO_COMPLETION_INFORMATION(memory, index * entryBytes);
      const { Status, Information } = entry.IoStatusBlock;
      return [entry.KeyContext, entry.ApcContext, Status, Information];
    }),
  };
}

test('K01 a posted packet is removed once, with all four values unchanged', () => {
  const packets: [bigint, bigint, number, bigint][] = [
    [0xdead_beefn, 5n, 0, 0n],
    [2n ** 64n - 1n, 2n ** 63n, 0xffff_ffff, 2n ** 64n - 1n],
    [0n, 0n, 0xc000_0120, 2n ** 53n + 1n],
  ];
  for (const packet of packets) {
    expect(NtSetIoCompletion(port, ...packet)).toBe(STATUS_SUCCESS);
    expect(remove(1, 1_000)).toEqual({ status: STATUS_SUCCESS, entries: [packet] });
  }
  expect(remove(1, 0)).toEqual({ status: STATUS_TIMEOUT, entries: [] });
});

test('packets are taken in the order of their posts, several at a time', () => {
  for (const key of [1n, 2n, 3n]) NtSetIoCompletion(port, key, 0, 0, 0);
  expect(remove(2, 0).entries.map(([key]) => key)).toEqual([1n, 2n]);
  expect(remove(4, 0).entries.map(([key]) => key)).toEqual([3n]);
});

test('a wait lasts as long as its time-out', () => {
  const before = performance.now();
  expect(remove(1, 120).status).toBe(STATUS_TIMEOUT);
  // NT's clock ticks every 15.6 ms by documentation, so the wait may end one tick early.
  expect(performance.now() - before).toBeGreaterThan(100);
});

test('N12 calls with a bad handle fail with an INVALID_HANDLE error, and the port stays usable', () => {
  expect(NtClose(0x7ffc)).toBe(STATUS_INVALID_HANDLE);
  expect(NtSetIoCompletion(0x7ffc, 0, 0, 0, 0)).toBe(STATUS_INVALID_HANDLE);
  expect(CreateIoCompletionPort(0x7ffc, port, 0, 0)).toBe(0);
  expect(lastWin32Error('CreateIoCompletionPort')).toMatchObject({
    code: 'ERR_WIN32',
    errorNumber: 6,
    message: expect.stringContaining('ERROR_INVALID_HANDLE'),
  });
  expect(NtSetIoCompletion(port, 1, 0, 0, 0)).toBe(STATUS_SUCCESS);
  expect(remove(1, 0).entries).toHaveLength(1);
});

test('a duplicated handle is the same port, which stays open when the first handle is closed', () => {
  const [self, at] = [NtCurrentProcess(), memory.address];
  const status = NtDuplicateObject(self, port, self, at, IO_COMPLETION_ALL_ACCESS, 0, 0);
  expect(status).toBe(STATUS_SUCCESS);
  const second = memory.readPointer(0);
  expect(second).not.toBe(port);
  expect(NtSetIoCompletion(second, 1, 2, 0, 0)).toBe(STATUS_SUCCESS);
  expect(remove(1, 0).entries).toHaveLength(1);
  expect(NtSetIoCompletion(port, 1, 2, 0, 0)).toBe(STATUS_SUCCESS);
  NtClose(port);
  port = second;
  expect(remove(1, 0).entries).toHaveLength(1);
});

test('a wait on a closed port fails with STATUS_INVALID_HANDLE', () => {
  NtClose(port);
  expect(remove(1, 0).status).toBe(STATUS_INVALID_HANDLE);
});

test('a manual-reset event stays set', () => {
  const event = CreateEventA(0, 1, 0, 0);
  expect(event).toBeGreaterThan(0);
  expect(WaitForSingleObject(event, 0)).toBe(WAIT_TIMEOUT);
  expect(SetEvent(event)).toBe(1);
  expect(WaitForSingleObject(event, 0)).toBe(WAIT_OBJECT_0);
  expect(WaitForSingleObject(event, 0)).toBe(WAIT_OBJECT_0);
  expect(CloseHandle(event)).toBe(1);
  expect(CloseHandle(event)).toBe(0);
});

function open(name: string): { status: string; handle: HANDLE } {
  const attributes = allocate(OBJECT_ATTRIBUTES.byteLength(name));
  OBJECT_ATTRIBUTES.write(attributes, name, OBJ_CASE_INSENSITIVE);
  memory.fill(0);
  const share = FILE_SHARE_READ | FILE_SHARE_WRITE;
  const [handle, iosb] = [memory.address, memory.address + 16];
  const at = attributes.address;
  const status = NtCreateFile(handle, SYNCHRONIZE, at, iosb, 0, 0, share, FILE_OPEN, 0, 0, 0);
  attributes.free();
  return { status: ntStatusName(status), handle: Number(memory.readU64(0)) };
}

describe('a handle to the socket driver', () => {
  test.each(['\\Device\\Afd', '\\Device\\Afd\\', '\\Device\\Afd\\tofu'])('%s opens', (name) => {
    const { status, handle } = open(name);
    expect(status).toBe('STATUS_SUCCESS');
    expect(handle).toBeGreaterThan(0);
    const iosb = memory.address + 16;
    expect(NtCancelIoFile(handle, iosb)).toBe(STATUS_SUCCESS);
    expect(NtClose(handle)).toBe(STATUS_SUCCESS);
  });

  test('a device that does not exist fails to open with NOT_FOUND', () => {
    expect(open('\\Device\\NoSuchDevice').status).toMatch(/^STATUS_OBJECT_(NAME|PATH)_NOT_FOUND$/);
  });

  test('N13 keeps its first port until it is closed', () => {
    const { handle } = open('\\Device\\Afd\\tofu');
    const ports = [createPort(), createPort()];
    const associate = (port: HANDLE | undefined) => {
      const info = new FILE_COMPLETION_INFORMATION(memory, 16);
      info.Port = BigInt(port ?? 0);
      info.Key = 7n;
      const iosb = memory.address;
      return NtSetInformationFile(handle, iosb, info.address, 16, FileCompletionInformation);
    };
    expect(associate(ports[0])).toBe(STATUS_SUCCESS);
    expect(associate(ports[1])).toBe(STATUS_INVALID_PARAMETER);
    expect(associate(ports[0])).toBe(STATUS_INVALID_PARAMETER);
    for (const each of [handle, ...ports]) NtClose(each);
  });
});

test('NtQueryIoCompletion returns how many packets are in the queue', () => {
  const depth = () => {
    const [at, returned] = [memory.address + 16, memory.address + 24];
    const status = NtQueryIoCompletion(port, IoCompletionBasicInformation, at, 4, returned);
    requireNtSuccess('NtQueryIoCompletion', status);
    return memory.readU32(16);
  };
  expect(depth()).toBe(0);
  for (const key of [1, 2, 3]) NtSetIoCompletion(port, key, 0, 0, 0);
  expect(depth()).toBe(3);
});

test('an optional function can be looked up, and throws if it is called but not exported', () => {
  const calls = {
    NtSetIoCompletionEx: () => NtSetIoCompletionEx(0, 0, 0, 0, 0, 0),
    NtCreateWaitCompletionPacket: () => NtCreateWaitCompletionPacket(0, 0, 0),
  };
  for (const name of optionalFunctions) expect(isAvailable(name)).toBeTypeOf('boolean');
  for (const [name, call] of Object.entries(calls)) {
    if (isAvailable(name as keyof typeof calls)) {
      // The arguments are invalid, so an exported function returns an error status.
      expect(call()).toBeGreaterThanOrEqual(0xc000_0000);
    } else {
      expect(call).toThrowError(ExportError);
      expect(call).toThrowError(`ntdll.dll does not export ${name} on this host.`);
    }
  }
});

test.skipIf(!DEBUG)(
  'the debug build refuses numbers that are not whole (assertions: debug only)',
  () => {
    for (const bad of [Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 60]) {
      const post = () => NtSetIoCompletion(port, bad, 0, 0, 0);
      expect(post).toThrowError(`NtSetIoCompletion: KeyContext is ${bad}, which is not a whole`);
    }
    expect(remove(1, 0).status).toBe(STATUS_TIMEOUT);
  },
);
