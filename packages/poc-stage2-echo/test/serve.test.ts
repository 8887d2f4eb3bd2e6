import type { WriteStream } from 'node:tty';
import { UsageError } from 'poc-kit';
import { describe as describeState, LiveLine, parseServeAddress } from 'poc-stage2-echo/internal';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const counts = {
  packets: 0,
  unknown: 0,
  polls: 0,
  accepted: 1_200,
  ended: 0,
  broken: 0,
  dropped: 0,
  received: 123_456_789_012,
  sent: 123_456_789_012,
};

test('the status of a server fits into a line of a terminal', () => {
  const line = describeState(1_000, counts);
  expect(line).toBe('1,000 open, 1,200 so far; 123,456,789,012 bytes in, 123,456,789,012 out');
  expect(line.length).toBeLessThan(80);
});

describe('the address', () => {
  test('is the loopback, and tofu’s port, when none is given', () => {
    expect(parseServeAddress(['--serve'])).toMatchObject({ host: '127.0.0.1', port: 7_099 });
  });

  test('may be any TCP address', () => {
    const given = parseServeAddress(['--serve', '--address', 'tcp|::1|80']);
    expect(given).toMatchObject({ host: '::1', port: 80 });
  });

  test.each([
    [['--serve', '--address', ''], /^--address: An address has the form tcp/],
    [
      ['--serve', '--address', '127.0.0.1:7099'],
      /^--address: An address has the form tcp\|HOST\|PORT or uds/,
    ],
    [
      ['--serve', '--address', 'tcp|127.0.0.1|70000'],
      /^--address: A port must be a whole number from 0 to/,
    ],
    [['--serve', '--address', 'uds|x'], /^--address: uds\|x is not an address of TCP/],
    [['--serve', '--address'], /argument missing\. Known: --serve, --address 'tcp/],
    [['--serve', 'x'], /Unexpected argument 'x'\. Known: /],
  ])('%j is refused with a hint', (args, message) => {
    const read = () => parseServeAddress(args);
    expect(read).toThrowError(UsageError);
    expect(read).toThrowError(message);
  });
});

describe('the live line', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function terminal(isTTY: boolean) {
    const written: string[] = [];
    const stream = { isTTY, write: (text: string) => written.push(text) };
    return { written, line: new LiveLine(stream as unknown as WriteStream) };
  }

  test('is updated at most four times a second, and only if it changed', () => {
    const { line, written } = terminal(true);
    line.show(() => 'one open');
    line.show(() => 'too soon');
    vi.advanceTimersByTime(250);
    line.show(() => 'one open');
    vi.advanceTimersByTime(250);
    line.show(() => 'two');
    expect(written).toEqual(['\rone open', '\rtwo     ']);
  });

  test('is cleared before a permanent line', () => {
    const { line, written } = terminal(true);
    line.show(() => 'abc');
    line.print('the end');
    line.print('really');
    expect(written).toEqual(['\rabc', '\r   \r', 'the end\n', 'really\n']);
  });

  test('is not written if the output is not a terminal', () => {
    const { line, written } = terminal(false);
    line.show(() => 'abc');
    line.print('the end');
    expect(written).toEqual(['the end\n']);
  });
});
