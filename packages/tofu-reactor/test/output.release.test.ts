import { Writable } from 'node:stream';
import { Output } from 'tofu-reactor/internal';
import { expect, test } from 'vitest';

/** A stream that keeps what is written, and may fail like a pipe without a reader. */
function stream(isTTY: boolean, failure?: string) {
  let text = '';
  const made = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk;
      done(failure === undefined ? null : Object.assign(new Error(failure), { code: failure }));
    },
  });
  return Object.assign(made, { isTTY, written: () => text });
}

function open(isTTY: boolean, isJson = false, failure?: string) {
  const [stdout, stderr] = [stream(isTTY, failure), stream(isTTY)];
  let gone = 0;
  const output = new Output({ stdout, stderr }, isJson, () => {
    gone += 1;
  });
  return { output, stdout, stderr, gone: () => gone };
}

test('on a terminal the status line is updated in place, below other lines', async () => {
  const { output, stdout, stderr } = open(true);
  output.show(() => '10 open');
  output.show(() => '10 open');
  output.show(() => '9 open');
  output.problem('unreachable', 'No target.');
  output.show(() => 'x'.repeat(200));
  output.print('The end', { event: 'end' });
  await output.close();
  const blank = (length: number) => `\r${' '.repeat(length)}\r`;
  const long = 'x'.repeat(79);
  expect(stdout.written()).toBe(
    // A shorter line covers the rest of the longer one before it.
    `\r10 open\r9 open ${blank('9 open'.length)}\r${long}${blank(long.length)}The end\n`,
  );
  expect(stderr.written()).toBe('tofu: No target.\n');
});

test.each([
  ['a pipe', false, false],
  ['--json', true, true],
])('with %s no status line is printed', async (_name, isTTY, isJson) => {
  const { output, stdout } = open(isTTY, isJson);
  output.show(() => '10 open');
  await output.close();
  expect(stdout.written()).toBe('');
});

test('equal problems are combined, and printed at the end at the latest', async () => {
  const { output, stderr } = open(false);
  for (let count = 0; count < 5; count += 1) output.problem('unreachable', 'No target.');
  output.problem('accept', 'No memory.');
  expect(stderr.written()).toBe('tofu: No target.\ntofu: No memory.\n');
  await output.close();
  expect(stderr.written()).toBe('tofu: No target.\ntofu: No memory.\ntofu: No target. (4 times)\n');
});

test('--json prints each line as an object, problems too', async () => {
  const { output, stdout, stderr } = open(false, true);
  output.print('for people', { event: 'listening', address: 'a' });
  output.problem('unreachable', 'No target.');
  output.problem('unreachable', 'No target.');
  await output.close();
  const problem = { event: 'problem', what: 'unreachable', message: 'No target.', count: 1 };
  expect(
    stdout
      .written()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([{ event: 'listening', address: 'a' }, problem, problem]);
  expect(stderr.written()).toBe('');
});

test.each([
  ['EPIPE', 141, 1, ''],
  ['EOF', 141, 1, ''],
  [
    'ENOSPC',
    1,
    0,
    'tofu: The output is incomplete, because a write failed: ENOSPC. Most likely the disk is full.\n',
  ],
])('an output error %s causes exit code %d', async (failure, exitCode, ends, expected) => {
  const { output, stderr, gone } = open(false, false, failure);
  output.print('hello', { event: 'hello' });
  await output.close();
  expect(output.exitCode).toBe(exitCode);
  expect(gone()).toBe(ends);
  expect(stderr.written()).toBe(expected);
});
