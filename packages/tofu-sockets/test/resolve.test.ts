import { resolveAddress, TCPClientAddress, TCPServerAddress } from 'tofu-sockets';
import { expect, test } from 'vitest';

// On the host: what Node's resolver says there. The same in Windows Node is in create.ts.

test('resolving a numeric address returns this address', async () => {
  for (const host of ['127.0.0.1', '::1', 'fe80::1%5']) {
    const address = new TCPClientAddress(host, 80);
    expect(await resolveAddress(address)).toEqual([address]);
  }
});

test('localhost resolves to addresses, each with the given port', async () => {
  const found = await resolveAddress(new TCPClientAddress('localhost', 81));
  expect(found.length).toBeGreaterThan(0);
  for (const address of found) expect(address).toMatchObject({ port: 81, isName: false });
});

test('.invalid never has an address (RFC 6761): one clear error, with Node\u2019s as its cause', async () => {
  await expect(resolveAddress(new TCPClientAddress('x.invalid', 80))).rejects.toMatchObject({
    code: 'ERR_RESOLVE',
    cause: expect.objectContaining({ syscall: 'getaddrinfo' }),
  });
});

test('the address of a server is not resolved', async () => {
  const wrong = new TCPServerAddress() as never;
  await expect(resolveAddress(wrong)).rejects.toMatchObject({ code: 'ERR_ADDRESS' });
});
