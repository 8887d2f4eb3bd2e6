import * as ntdllx from 'ntdllx';
import {
  AFD_POLL_HANDLE_INFO,
  AFD_POLL_INFO,
  FILE_COMPLETION_INFORMATION,
  FILE_IO_COMPLETION_INFORMATION,
  IO_STATUS_BLOCK,
  LARGE_INTEGER,
  OBJECT_ATTRIBUTES,
  UNICODE_STRING,
} from 'ntdllx';
import { nativeTypes, prototypes } from 'ntdllx/internal';
import * as kernel32 from 'ntdllx/kernel32';
import * as ws2_32 from 'ntdllx/ws2_32';
import { describe, expect, test } from 'vitest';
import { differences, type Oracle, type Ours, readOracle } from './oracle.js';

// INT64_MAX is this package's own. Every other number that it exports is a constant of NT.
const { INT64_MAX: _ours, ...exported } = { ...ntdllx, ...kernel32, ...ws2_32 };
const constants: Record<string, number | bigint> = {};
for (const [name, value] of Object.entries(exported)) {
  if (typeof value === 'number' || typeof value === 'bigint') constants[name] = value;
}

const ours: Ours = {
  constants,
  structs: {
    AFD_POLL_HANDLE_INFO: AFD_POLL_HANDLE_INFO.layout,
    AFD_POLL_INFO: AFD_POLL_INFO.layout,
    FILE_COMPLETION_INFORMATION: FILE_COMPLETION_INFORMATION.layout,
    FILE_IO_COMPLETION_INFORMATION: FILE_IO_COMPLETION_INFORMATION.layout,
    IO_STATUS_BLOCK: IO_STATUS_BLOCK.layout,
    LARGE_INTEGER: LARGE_INTEGER.layout,
    OBJECT_ATTRIBUTES: OBJECT_ATTRIBUTES.layout,
    UNICODE_STRING: UNICODE_STRING.layout,
    WIN32_FIND_DATAW: kernel32.WIN32_FIND_DATAW,
    WSADATA: ws2_32.WSADATA,
    linger: ws2_32.linger,
    sockaddr_in: ws2_32.sockaddr_in,
    sockaddr_in6: ws2_32.sockaddr_in6,
    sockaddr_un: ws2_32.sockaddr_un,
  },
  prototypes,
  nativeTypes,
};

test('every constant, layout and prototype agrees with the compiled headers', () => {
  expect(Object.keys(constants).length).toBeGreaterThan(200);
  expect(Object.keys(prototypes).length).toBeGreaterThan(25);
  expect(differences(ours, readOracle())).toEqual([]);
});

test('every structure that is exported is compared', () => {
  const structures = Object.values(ntdllx).filter(
    (value) =>
      value !== null && /^(function|object)$/.test(typeof value) && 'layout' in Object(value),
  );
  expect(structures.length).toBeGreaterThan(0);
  for (const { layout } of structures as unknown as { layout: unknown }[]) {
    expect(Object.values(ours.structs)).toContain(layout);
  }
});

describe('the test finds an altered row', () => {
  type Change = (oracle: { -readonly [K in keyof Oracle]: Record<string, never> }) => void;
  // biome-ignore lint/suspicious/noExplicitAny: the point is to break typed data.
  const row = (value: unknown): any => value;
  const changes: [name: string, change: Change, found: RegExp][] = [
    ['a constant', ({ constants: c }) => (row(c['AFD_POLL_ACCEPT']).value = 64), /AFD_POLL_ACCEPT/],
    ['a status', ({ ntstatus }) => (row(ntstatus)['STATUS_PENDING'] = 260), /STATUS_PENDING/],
    [
      'an offset',
      ({ structs }) => (row(structs['AFD_POLL_INFO']).fields.Handles[0] = 24),
      /Handles/,
    ],
    [
      'a field size',
      ({ structs }) => (row(structs['IO_STATUS_BLOCK']).fields.Status[1] = 8),
      /Status/,
    ],
    ['a structure size', ({ structs }) => (row(structs['sockaddr_in']).size = 28), /sockaddr_in/],
    ['the sign of a type', ({ functions: f }) => (row(f['bind']).params[2][2] = 'u32'), /namelen/],
    [
      'a width',
      ({ functions: f }) => (row(f['NtSetIoCompletion']).params[4][2] = 'u32'),
      /IoStatusI/,
    ],
    [
      'a parameter name',
      ({ functions: f }) => (row(f['NtClose']).params[0][0] = 'File'),
      /NtClose/,
    ],
    [
      'a missing parameter',
      ({ functions: f }) => row(f['NtClose']).params.pop(),
      /NtClose: 1 arguments/,
    ],
    [
      'an additional parameter',
      ({ functions: f }) => row(f['accept']).params.push(['x', 'int', 'i32']),
      /accept/,
    ],
    ['a return type', ({ functions: f }) => (row(f['accept']).returns = 'int'), /accept: returns/],
    ['a DLL', ({ functions: f }) => (row(f['CreateEventA']).dll = 'ntdll.dll'), /CreateEventA/],
  ];

  test.each(changes)('%s', (_name, change, found) => {
    const oracle = readOracle();
    change(oracle as never);
    const wrong = differences(ours, oracle);
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toMatch(found);
  });
});
