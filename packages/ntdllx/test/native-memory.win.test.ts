import {
  AFD_POLL_INFO,
  allocate,
  FILE_IO_COMPLETION_INFORMATION,
  IO_STATUS_BLOCK,
  LARGE_INTEGER,
  NativeMemoryError,
  nativeMemory,
} from 'ntdllx';
import { DEBUG, debugFill } from 'ntdllx/internal';
import { afterEach, describe, expect, test } from 'vitest';
import { readOracle } from './oracle.js';

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

test('a freed block is out of reach', () => {
  const memory = allocate(16);
  memory.free();
  const uses = [
    () => memory.free(),
    () => memory.readU32(0),
    () => memory.writeU64(8, 1n),
    () => memory.read(0, 1),
    () => memory.fill(0),
  ];
  for (const use of uses) expect(use).toThrowError('This block of native memory was freed.');
});

test('a handle or an address goes in and comes out as a number', () => {
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

test('nothing outside a block is read or written', () => {
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

test('10,000 blocks come and go', () => {
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
