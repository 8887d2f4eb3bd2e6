import { resolveAddress, TCPClientAddress, TCPServerAddress } from 'tofu-sockets';
import { expect, test } from 'vitest';

// Node's resolver on the host. create.ts tests the same in Windows Node.

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

test('a name under .invalid (RFC 6761) throws an error whose `cause` is the error of Node', async () => {
  await expect(resolveAddress(new TCPClientAddress('x.invalid', 80))).rejects.toMatchObject({
    code: 'ERR_RESOLVE',
    cause: expect.objectContaining({ syscall: 'getaddrinfo' }),
  });
});

test('resolveAddress refuses the address of a server', async () => {
  const wrong = new TCPServerAddress() as never;
  await expect(resolveAddress(wrong)).rejects.toMatchObject({ code: 'ERR_ADDRESS' });
});
