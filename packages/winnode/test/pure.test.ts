import fc from 'fast-check';
import { checkProperty } from 'test-kit';
import { describe, expect, test } from 'vitest';
import { prefixPath, quoteNodeOption, toWindowsPath, WinnodeError } from 'winnode';
import {
  crashUnderWine,
  isFailedStart,
  isLoaderFailure,
  makeBcryptPrimitives,
  pageAligned,
  parseArguments,
  parseWineMajor,
  shouldStart,
} from 'winnode/internal';

test('toWindowsPath puts a path of this host on drive Z', () => {
  expect(toWindowsPath('/home/a b/x.js', 'linux')).toBe('Z:\\home\\a b\\x.js');
  expect(toWindowsPath('C:\\x.js', 'win32')).toBe('C:\\x.js');
  expect(() => toWindowsPath('x.js', 'linux')).toThrowError(TypeError);
});

/** Splits NODE_OPTIONS as Node does: at spaces outside double quotes; a backslash escapes. */
function splitNodeOptions(options: string): string[] {
  const parts: string[] = [];
  let isQuoted = false;
  let isNew = true;
  for (let index = 0; index < options.length; index += 1) {
    let char = options[index] as string;
    if (char === '\\' && isQuoted) char = options[++index] as string;
    else if (char === ' ' && !isQuoted) {
      isNew = true;
      continue;
    } else if (char === '"') {
      isQuoted = !isQuoted;
      continue;
    }
    if (isNew) parts.push(char);
    else parts.push(`${parts.pop()}${char}`);
    isNew = false;
  }
  return parts;
}

test('Node reads from NODE_OPTIONS the same text that quoteNodeOption quoted', () => {
  checkProperty(
    fc.property(fc.string({ minLength: 1 }), (path) => {
      expect(splitNodeOptions(`-r ${quoteNodeOption(path)} -C x`)).toEqual(['-r', path, '-C', 'x']);
    }),
  );
});

test.each([
  ['wine-8.0 (Debian 8.0~repack-4)', 8],
  ['wine-10.0', 10],
  ['wine-9.0 (Ubuntu 9.0~repack-4build3)', 9],
  ['wine-6.0.3', 6],
  ['', 0],
  ['8.0', 0],
])('parseWineMajor("%s") is %d', (version, major) => {
  expect(parseWineMajor(version)).toBe(major);
});

describe('prefixPath', () => {
  const wine = { loader: '/w', server: '/s', version: 'wine-8.0 (Debian 8.0~repack-4)', major: 8 };
  const node = { exe: '/n', version: '22.23.3' };
  const linux = process.platform === 'win32' ? describe.skip : describe;

  linux('on a host with Wine', () => {
    test('prefixPath returns a directory in the cache that is named after both versions', () => {
      const path = prefixPath(wine, node, { XDG_CACHE_HOME: '/c' });
      expect(path).toBe('/c/winnode/wine-8.0-Debian-8.0~repack-4--node-22.23.3-v5');
      expect(prefixPath({ ...wine, version: 'wine-10.0' }, node, { WINNODE_CACHE: '/c' })).toBe(
        '/c/wine-10.0-node-22.23.3-v5',
      );
    });

    test('prefixPath returns WINNODE_PREFIX, but rejects the user’s own prefix and home directory', () => {
      expect(prefixPath(wine, node, { WINNODE_PREFIX: '/p' })).toBe('/p');
      for (const own of ['.wine', '.wine/', '']) {
        const env = { WINNODE_PREFIX: `${process.env['HOME']}/${own}` };
        expect(() => prefixPath(wine, node, env)).toThrowError(WinnodeError);
      }
    });
  });
});

test('bcryptprimitives.dll is a PE file that forwards ProcessPrng to RtlGenRandom', () => {
  const dll = makeBcryptPrimitives();
  const text = (offset: number) => dll.toString('latin1', offset, dll.indexOf(0, offset));
  expect(dll.length).toBe(1024);
  expect(text(0).slice(0, 2)).toBe('MZ');
  const pe = dll.readUInt32LE(0x3c);
  expect(text(pe)).toBe('PE');
  expect(dll.readUInt16LE(pe + 4)).toBe(0x8664);
  const optional = pe + 24;
  expect(dll.readUInt16LE(optional)).toBe(0x20b);
  const section = optional + dll.readUInt16LE(pe + 20);
  const [rva, raw] = [dll.readUInt32LE(section + 12), dll.readUInt32LE(section + 20)];
  const at = (address: number) => address - rva + raw;
  const exports = at(dll.readUInt32LE(optional + 112));
  const size = dll.readUInt32LE(optional + 116);
  expect(text(at(dll.readUInt32LE(exports + 12)))).toBe('bcryptprimitives.dll');
  expect(text(at(dll.readUInt32LE(at(dll.readUInt32LE(exports + 32)))))).toBe('ProcessPrng');
  const forwarder = at(dll.readUInt32LE(at(dll.readUInt32LE(exports + 28))));
  expect(text(forwarder)).toBe('advapi32.SystemFunction036');
  // An export is a forwarder only if its address is inside the export directory.
  expect(forwarder + text(forwarder).length).toBeLessThan(exports + size);
});

test('pageAligned aligns only a program whose sections do not begin at a page boundary', () => {
  const program = makeBcryptPrimitives();
  const aligned = pageAligned(program) as Buffer;
  expect(aligned.length).toBe(0x2000);
  expect(aligned.subarray(0x1000, 0x1200)).toEqual(program.subarray(0x200));
  const row = 0x148;
  const [, rva, , offset] = [8, 12, 16, 20].map((at) => aligned.readUInt32LE(row + at));
  expect({ rva, offset }).toEqual({ rva: 0x1000, offset: 0x1000 });

  expect(pageAligned(aligned)).toBeUndefined();
  expect(pageAligned(Buffer.concat([program, Buffer.alloc(64)]))).toBeUndefined();
  expect(pageAligned(program.subarray(0, 0x100))).toBeUndefined();
  expect(pageAligned(Buffer.from('#!/bin/sh'))).toBeUndefined();
});

describe('the exit code under Wine, which has only 8 bits', () => {
  const running = { isStarted: true, isEnded: false };
  const loading = { isStarted: false, isEnded: false };
  const endedByOthers = 'another program ended it, or it ended without its exit handlers';
  test.each([
    [5, running, '0xC0000005 STATUS_ACCESS_VIOLATION (exit code 5)'],
    [9, running, '0xC0000409 STATUS_STACK_BUFFER_OVERRUN (exit code 9)'],
    [0xfd, running, '0xC00000FD STATUS_STACK_OVERFLOW (exit code 253)'],
    [42, running, `exit code 42: ${endedByOthers}`],
    [216, loading, 'exit code 216: Wine reports a version of Windows that is too old for Node'],
    [216, running, `exit code 216: ${endedByOthers}`],
    [0x35, loading, '0xC0000135 STATUS_DLL_NOT_FOUND (exit code 53)'],
    // Node rejects a bad option with 9 before any code runs.
    [9, loading, undefined],
    [
      0,
      running,
      'Wine returned 0, but the program did not exit by itself: most likely a crash whose exit code was lost',
    ],
    [
      0,
      loading,
      'Wine returned 0, but none of its code ran: most likely its wineserver was ended while it started',
    ],
    [5, { isStarted: true, isEnded: true }, undefined],
  ])(
    'crashUnderWine names the cause of exit code %d with the progress %j',
    (exitCode, progress, said) => {
      expect(crashUnderWine(exitCode, progress)).toBe(said);
    },
  );

  test('isLoaderFailure accepts only a failure of Wine’s loader', () => {
    expect(isLoaderFailure(0x35, loading)).toBe(true);
    expect(isLoaderFailure(0x35, running)).toBe(false);
    expect(isLoaderFailure(9, loading)).toBe(false);
  });

  test('isFailedStart accepts only a program of which no code ran', () => {
    for (const code of [0, 5, 0x35, 0x42, 0x7b]) {
      expect(isFailedStart(code, loading)).toBe(true);
      expect(isFailedStart(code, running)).toBe(false);
    }
    // Node's own exit codes: an error, a heap that is too small, a bad option, an abort.
    for (const code of [1, 3, 9, 134]) expect(isFailedStart(code, loading)).toBe(false);
    expect(shouldStart(['-p', '1'])).toBe(true);
    expect(shouldStart([])).toBe(true);
    for (const option of ['-v', '--v8-options', '--v8_options', '--run=build']) {
      expect(shouldStart(['--no-warnings', option])).toBe(false);
      expect(shouldStart(['-r', 'module', option])).toBe(false);
      expect(shouldStart(['a.js', option])).toBe(true);
      expect(shouldStart(['--conditions=x', 'a.js', option])).toBe(true);
      expect(shouldStart(['--', 'a.js', option])).toBe(true);
    }
  });
});

describe('parseArguments', () => {
  test.each([
    [['a.js', '--time-limit', '5'], { what: 'run', args: ['a.js', '--time-limit', '5'] }],
    [['--time-limit', '5', 'a.js'], { what: 'run', args: ['a.js'], timeLimitMs: 5_000 }],
    [['--time-limit=0.25', '-e', '1'], { what: 'run', args: ['-e', '1'], timeLimitMs: 250 }],
    [['-p', 'doctor'], { what: 'run', args: ['-p', 'doctor'] }],
    [['./doctor'], { what: 'run', args: ['./doctor'] }],
    [[], { what: 'run', args: [] }],
    [[''], { what: 'run', args: [''] }],
    [['--time-limits', '5'], { what: 'run', args: ['--time-limits', '5'] }],
    [['doctor'], { what: 'doctor', isJson: false }],
    [['doctor', '--json'], { what: 'doctor', isJson: true }],
    [['doctor', '--json', '--help'], { what: 'help' }],
    [['--version', 'x'], { what: 'version' }],
  ])('parseArguments parses %j', (args, asked) => {
    expect(parseArguments(args)).toEqual(asked);
  });
});
