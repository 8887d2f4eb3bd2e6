import { startTrace } from 'nt-trace';
import { HelperThread } from 'poc-kit';
import { expect, test } from 'vitest';

const script = new URL('./helper.mjs', import.meta.url);

test('the helper answers tasks although this thread never returns to its event loop', () => {
  const helper = new HelperThread<number, number>(script).ready();
  for (let n = 1; n <= 100; n += 1) {
    helper.send(n);
    expect(helper.reply(5_000)).toBe(n * 2);
  }
  helper.send(1);
  helper.send(2);
  expect([helper.reply(5_000), helper.reply(5_000)]).toEqual([2, 4]);
  helper.close();
});

test('an error of the helper is thrown here, and the helper continues', () => {
  const helper = new HelperThread<number, number>(script).ready();
  helper.send(-1);
  expect(() => helper.reply(5_000)).toThrowError('In the helper thread: negative');
  helper.send(4);
  expect(helper.reply(5_000)).toBe(8);
  helper.close();
});

test('a helper that does not answer is an error after the time limit', () => {
  const helper = new HelperThread<number, number>(script).ready();
  expect(() => helper.reply(50)).toThrowError('The helper thread sent no answer within 50 ms.');
  helper.close();
});

test('a script that cannot be loaded is an error after the time limit', () => {
  const missing = new URL('./no-such-file.mjs', import.meta.url);
  expect(() => new HelperThread(missing).ready(300)).toThrowError('sent no answer within 300 ms');
});

test('the trace does not wait for a worker that could not be created', () => {
  const trace = startTrace();
  try {
    expect(() => new HelperThread(new URL('https://localhost/helper.mjs'))).toThrowError(
      expect.objectContaining({ code: 'ERR_INVALID_URL_SCHEME' }),
    );
  } finally {
    trace.stop();
  }
  // No call of this thread is missing from the trace.
  expect(trace.stop().threads.map(({ isComplete }) => isComplete)).toEqual([true, true]);
});
