import { SocketCreator, TCPServerAddress, wouldBlock } from 'tofu-sockets';
import { expect, test } from 'vitest';

test('importing works without Windows; would-block is neither a number nor a text, and truthy', () => {
  expect(typeof wouldBlock).toBe('symbol');
  expect(Boolean(wouldBlock)).toBe(true);
});

test.skipIf(process.platform === 'win32')('the first call says what is missing', () => {
  const call = () => new SocketCreator().fromAddress(new TCPServerAddress());
  expect(call).toThrowError(expect.objectContaining({ code: 'ERR_NT_HOST' }));
});
