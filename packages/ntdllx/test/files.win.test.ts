import {
  allocate,
  ExportError,
  FILE_COMPLETION_INFORMATION,
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  FileCompletionInformation,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  IoCompletionBasicInformation,
  isAvailable,
  NtCancelIoFile,
  NtClose,
  NtCreateFile,
  NtCreateIoCompletion,
  NtCreateWaitCompletionPacket,
  NtQueryIoCompletion,
  NtSetInformationFile,
  NtSetIoCompletion,
  NtSetIoCompletionEx,
  nativeMemory,
  ntStatusName,
  OBJ_CASE_INSENSITIVE,
  OBJECT_ATTRIBUTES,
  optionalFunctions,
  requireNtSuccess,
  STATUS_INVALID_PARAMETER,
  STATUS_SUCCESS,
  SYNCHRONIZE,
} from 'ntdllx';
import { afterAll, describe, expect, test } from 'vitest';

const scratch = allocate(64);

afterAll(() => {
  scratch.free();
  expect(nativeMemory().blocks).toBe(0);
});

function createPort(): HANDLE {
  const status = NtCreateIoCompletion(scratch.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
  requireNtSuccess('NtCreateIoCompletion', status);
  return Number(scratch.readU64(0));
}

function open(name: string): { status: string; handle: HANDLE } {
  const attributes = allocate(OBJECT_ATTRIBUTES.byteLength(name));
  OBJECT_ATTRIBUTES.write(attributes, name, OBJ_CASE_INSENSITIVE);
  scratch.fill(0);
  const share = FILE_SHARE_READ | FILE_SHARE_WRITE;
  const [handle, iosb] = [scratch.address, scratch.address + 16];
  const at = attributes.address;
  const status = NtCreateFile(handle, SYNCHRONIZE, at, iosb, 0, 0, share, FILE_OPEN, 0, 0, 0);
  attributes.free();
  return { status: ntStatusName(status), handle: Number(scratch.readU64(0)) };
}

describe('a handle to the socket driver', () => {
  test.each(['\\Device\\Afd', '\\Device\\Afd\\', '\\Device\\Afd\\tofu'])('%s opens', (name) => {
    const { status, handle } = open(name);
    expect(status).toBe('STATUS_SUCCESS');
    expect(handle).toBeGreaterThan(0);
    const iosb = scratch.address + 16;
    expect(NtCancelIoFile(handle, iosb)).toBe(STATUS_SUCCESS);
    expect(NtClose(handle)).toBe(STATUS_SUCCESS);
  });

  test('a device that is none does not, and is named', () => {
    expect(open('\\Device\\NoSuchDevice').status).toMatch(/^STATUS_OBJECT_(NAME|PATH)_NOT_FOUND$/);
  });

  test('N13 has one port for life', () => {
    const { handle } = open('\\Device\\Afd\\tofu');
    const ports = [createPort(), createPort()];
    const associate = (port: HANDLE | undefined) => {
      const info = new FILE_COMPLETION_INFORMATION(scratch, 16);
      info.Port = BigInt(port ?? 0);
      info.Key = 7n;
      const iosb = scratch.address;
      return NtSetInformationFile(handle, iosb, info.address, 16, FileCompletionInformation);
    };
    expect(associate(ports[0])).toBe(STATUS_SUCCESS);
    expect(associate(ports[1])).toBe(STATUS_INVALID_PARAMETER);
    expect(associate(ports[0])).toBe(STATUS_INVALID_PARAMETER);
    for (const each of [handle, ...ports]) NtClose(each);
  });
});

test('a port says how many packets wait', () => {
  const port = createPort();
  const depth = () => {
    const [at, returned] = [scratch.address + 16, scratch.address + 24];
    const status = NtQueryIoCompletion(port, IoCompletionBasicInformation, at, 4, returned);
    requireNtSuccess('NtQueryIoCompletion', status);
    return scratch.readU32(16);
  };
  expect(depth()).toBe(0);
  for (const key of [1, 2, 3]) NtSetIoCompletion(port, key, 0, 0, 0);
  expect(depth()).toBe(3);
  NtClose(port);
});

test('what a host may lack is looked up, and says so when it is called all the same', () => {
  const calls = {
    NtSetIoCompletionEx: () => NtSetIoCompletionEx(0, 0, 0, 0, 0, 0),
    NtCreateWaitCompletionPacket: () => NtCreateWaitCompletionPacket(0, 0, 0),
  };
  for (const name of optionalFunctions) expect(isAvailable(name)).toBeTypeOf('boolean');
  for (const [name, call] of Object.entries(calls)) {
    if (isAvailable(name as keyof typeof calls)) {
      // No valid argument, so no success; but there is somebody who says so.
      expect(call()).toBeGreaterThanOrEqual(0xc000_0000);
    } else {
      expect(call).toThrowError(ExportError);
      expect(call).toThrowError(`ntdll.dll does not export ${name} on this host.`);
    }
  }
});
