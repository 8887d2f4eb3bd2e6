import { eventually, eventuallySync } from 'test-kit';
import { expect, test } from 'vitest';

const blocked = Symbol.for('tofu-sockets.would-block');

/** A call that returns would-block this many times. */
const blocksFor = (times: number) => {
  let count = 0;
  return () => {
    count += 1;
    return count > times ? count : blocked;
  };
};

test('eventually repeats a call while it would block, with a pause before each repetition', async () => {
  let pauses = 0;
  const pause = () => {
    pauses += 1;
  };
  expect(await eventually(blocksFor(3), pause)).toBe(4);
  expect(eventuallySync(blocksFor(2), pause, 3)).toBe(3);
  expect(pauses).toBe(5);
});

test('eventually throws after the given number of tries', async () => {
  const none = () => {};
  await expect(eventually(blocksFor(5), none, 5)).rejects.toThrow(
    'the call would still block after 5 tries',
  );
  expect(() => eventuallySync(blocksFor(5), none, 5)).toThrow('after 5 tries');
});

test('eventually rethrows an error of the call', async () => {
  const fails = (): number => {
    throw new Error('refused');
  };
  await expect(eventually(fails)).rejects.toThrow('refused');
});
