import { once } from 'node:events';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import {
  endMark,
  examples,
  historyFile,
  Meanings,
  meaningText,
  openCallOf,
  protoCommand,
  prototypeOf,
  prototypeText,
  readSettings,
  requireArguments,
  resizeText,
  statusText,
  TypedInput,
  takeEndMark,
  writeSettings,
} from 'nt-repl';
import { describe, expect, test } from 'vitest';

describe('a number has a meaning by its source', () => {
  test.each([
    ['NtClose(3)', 'status'],
    ['ntdllx.NtClose(3)', 'status'],
    ['await NtClose(3)', 'status'],
    ['(1, NtClose(3))', undefined],
    ['NtClose(3) + 0', undefined],
    ['NtClose(3); 5', undefined],
    ['STATUS_PENDING', 'status'],
    ['packet.IoStatusBlock.Status', 'status'],
    ['CreateEventA(0, 1, 0, 0)', 'handle'],
    ['memory.readPointer(0)', 'handle'],
    ['Number(memory.readU64(0))', 'handle'],
    ['raw.port', 'handle'],
    ['const closed = NtClose(3)', undefined],
    ['259', undefined],
    ['WaitForSingleObject(event, 0)', undefined],
    ['not a program', undefined],
  ])('%s', (source, meaning) => {
    expect(new Meanings().learn(`${source}\n`)).toBe(meaning);
  });

  test('a variable keeps its meaning until another value is assigned', () => {
    const meanings = new Meanings();
    meanings.learn('let port = memory.readPointer(0), status = NtClose(port)');
    expect(meanings.learn('port')).toBe('handle');
    expect(meanings.learn('again = port')).toBe('handle');
    expect(meanings.learn('again')).toBe('handle');
    expect(meanings.learn('status')).toBe('status');
    meanings.learn('for (const each of [1]) status = each');
    expect(meanings.learn('status')).toBe(undefined);
    meanings.learn('port += 1');
    expect(meanings.learn('port')).toBe(undefined);
    meanings.learn('again++');
    expect(meanings.learn('again')).toBe(undefined);
  });

  test('a number is printed as a name only if it has a name', () => {
    const nameOf = (handle: bigint) => (handle === 0x44n ? 'port#1' : undefined);
    expect(meaningText(0x44, 'handle', nameOf)).toBe('port#1 (0x44)');
    expect(meaningText(0x44n, 'handle', nameOf)).toBe('port#1 (0x44)');
    expect(meaningText(0x48, 'handle', nameOf)).toBe(undefined);
    expect(meaningText(0x44, undefined, nameOf)).toBe(undefined);
    expect(meaningText('0x44', 'handle', nameOf)).toBe(undefined);
    expect(meaningText(0.5, 'status', nameOf)).toBe(undefined);
    expect(statusText(0x103)).toBe('STATUS_PENDING (0x103)');
    expect(statusText(0xc0ff_eeee)).toBe('0xc0ffeeee');
  });
});

describe('prototypes', () => {
  test.each([
    ['NtClose(', 'NtClose', 0],
    ['x = NtClose( ', 'NtClose', 0],
    ['NtSetIoCompletion(port, f(1, 2), ', 'NtSetIoCompletion', 2],
    ['NtSetIoCompletion(a[1, 2], { b, c },', 'NtSetIoCompletion', 2],
    ['f(NtClose(', 'NtClose', 0],
  ])('%s', (line, name, at) => {
    expect(openCallOf(line)).toEqual({ name, at });
  });

  test.each(['NtClose', 'NtClose(po', 'NtClose(port)', '(', '[1, ', ''])(
    '%j has no call at an argument',
    (line) => {
      expect(openCallOf(line)).toBe(undefined);
    },
  );

  test('prototypes show the types of the headers', () => {
    const prototype = prototypeOf('NtCancelIoFileEx');
    if (prototype === undefined) throw new Error('no row');
    const text = prototypeText('NtCancelIoFileEx', prototype, 1, (each) => `*${each}*`);
    expect(text).toBe(
      'NtCancelIoFileEx(\n  FileHandle: HANDLE,\n  *IoRequestToCancel: PIO_STATUS_BLOCK*,\n' +
        '  IoStatusBlock: PIO_STATUS_BLOCK,\n): NTSTATUS',
    );
    expect(prototypeOf('toString')).toBe(undefined);
    expect(protoCommand('nope')).toMatch(
      /^No function nope has a prototype here\. Known: NtCreateIoCompletion, /,
    );
    expect(protoCommand('')).toMatch(/^\.proto NAME: one of /);
  });
});

describe('arguments are checked before NT is called', () => {
  test.each([
    ['NtClose', [], 'NtClose needs 1 arguments, got 0: NtClose(Handle: HANDLE): NTSTATUS'],
    ['NtClose', ['3'], 'Handle needs a whole number, got string'],
    ['NtClose', [Number.NaN], 'Handle needs a whole number, got NaN'],
    ['NtClose', [1.5], 'Handle needs a whole number, got 1.5'],
    ['NtCreateIoCompletion', [0, 0, 0, 0], 'IoCompletionHandle is null'],
    ['NtCreateIoCompletion', [-1, 0, 0, 0], 'IoCompletionHandle is -1'],
    ['NtCreateIoCompletion', [8n, 0, 0, 0], 'IoCompletionHandle is 0x8'],
    ['NtDeviceIoControlFile', [1, 0, 5, 0, 0, 0, 0, 0, 0, 0], 'ApcRoutine must be 0'],
  ] as const)('%s, %#', (name, args, message) => {
    expect(() => requireArguments(name, args)).toThrow(message);
  });

  test('values that NT only passes through, and pointers that may be null, are not checked', () => {
    expect(() => requireArguments('NtClose', [-1])).not.toThrow();
    expect(() => requireArguments('NtSetIoCompletion', [4, 5, 6, 0, 7])).not.toThrow();
    expect(() => requireArguments('CreateEventA', [0, 1, 0, 0])).not.toThrow();
  });
});

test('the history file is in the user’s cache, or at the path in NODE_REPL_HISTORY', () => {
  for (const ignored of ['.cache', '~/.cache', '']) {
    expect(historyFile({ XDG_CACHE_HOME: ignored }, 'linux')).toBe(historyFile({}, 'linux'));
  }
  expect(historyFile({ XDG_CACHE_HOME: '/c' }, 'linux')).toBe(
    join('/c', 'tofu-nt', 'repl-history'),
  );
  expect(historyFile({}, 'linux')).toBe(join(homedir(), '.cache', 'tofu-nt', 'repl-history'));
  expect(historyFile({ LOCALAPPDATA: 'L' }, 'win32')).toBe(resolve('L', 'tofu-nt', 'repl-history'));
  expect(historyFile({ NODE_REPL_HISTORY: '/h' }, 'linux')).toBe('/h');
  expect(historyFile({ NODE_REPL_HISTORY: ' ' }, 'linux')).toBe(undefined);
});

test('a relative path of a history is relative to the working directory; a path with a ~ is rejected', () => {
  for (const relative of ['h', './a/h', '../h', 'a b']) {
    expect(historyFile({ NODE_REPL_HISTORY: relative }, 'linux')).toBe(resolve(relative));
  }
  for (const HOME of ['home/me', '.', '~']) expect(historyFile({ HOME }, 'linux')).toBe(undefined);
  const said: string[] = [];
  for (const tilde of ['~/h', '~me/h']) {
    const file = historyFile({ NODE_REPL_HISTORY: tilde }, 'linux', (line) => said.push(line));
    expect(file).toBe(undefined);
    expect(said.pop()).toContain(`NODE_REPL_HISTORY is "${tilde}", but the shell has not expanded`);
  }
});

test('the end mark of the program is detected and removed from the output', () => {
  const { text, isEnding } = takeEndMark(Buffer.from(`a${endMark}b`));
  expect([text.toString(), isEnding]).toEqual(['ab', true]);
  expect(takeEndMark(Buffer.from('a'))).toMatchObject({ isEnding: false });
});

test('readSettings returns the settings that writeSettings wrote', () => {
  const terminal = { columns: 80, rows: 24, colorDepth: 8 };
  const all = { terminal, history: 'Z:\\a b\\c', build: 'release' };
  expect(readSettings(writeSettings(all))).toEqual(all);
  const none = { terminal: undefined, history: undefined, build: 'debug' };
  expect(readSettings(writeSettings(none))).toEqual(none);
});

test('a size report is separated from the typed input; every other byte is forwarded', async () => {
  const sizes: unknown[] = [];
  const input = new TypedInput((size) => sizes.push(size));
  const typed = Buffer.concat([
    Buffer.from(`a\x1b[A${resizeText({ columns: 120, rows: 40 })}µ`),
    Buffer.from([0xe2, 0x82]),
  ]);
  input.end(typed);
  const chunks: Buffer[] = [];
  input.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(input, 'end');
  expect(sizes).toEqual([{ columns: 120, rows: 40 }]);
  const expected = Buffer.concat([Buffer.from('a\x1b[Aµ'), Buffer.from([0xe2, 0x82])]);
  expect(inspect(Buffer.concat(chunks))).toBe(inspect(expected));
});

test('examples declare nothing and await nothing, so that each can be typed again', () => {
  const lines = Object.values(examples).flatMap((example) => example.lines);
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) expect(line).not.toMatch(/^(const|let|var|class|function)\b|\bawait\b/);
});
