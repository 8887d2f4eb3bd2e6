import fc from 'fast-check';
import { SktError, SocketCreator, TCPClientAddress, TCPServerAddress } from 'tofu-sockets';
import { decodeSockaddr, encodeSockaddr } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';

const isAddressError = expect.objectContaining({ name: 'SktError', code: 'ERR_ADDRESS' });
const host = fc.ipV4();
const port = fc.integer({ min: 0, max: 65_535 });

test('a server listens on loopback and on a free port unless told otherwise', () => {
  expect(new TCPServerAddress()).toMatchObject({ host: '127.0.0.1', port: 0, kind: 'tcp-server' });
  expect(new TCPServerAddress('0.0.0.0', 65_535)).toMatchObject({ host: '0.0.0.0', port: 65_535 });
});

describe('what is no address is refused', () => {
  test.each([-1, 65_536, 1.5, Number.NaN, '80', null, 2 ** 40])('port %s', (bad) => {
    expect(() => new TCPServerAddress('127.0.0.1', bad as number)).toThrowError(isAddressError);
    expect(() => new TCPClientAddress('127.0.0.1', bad as number)).toThrowError(isAddressError);
  });

  test('a client needs a port', () => {
    expect(() => new TCPClientAddress('127.0.0.1', 0)).toThrowError(/from 1 to 65535, got 0/);
  });

  test.each(['', 'localhost', '127.0.0', '127.0.0.256', '01.2.3.4', '::1', ' 127.0.0.1', null, 7])(
    'host %j',
    (bad) => {
      expect(() => new TCPServerAddress(bad as string, 80)).toThrowError(isAddressError);
      expect(() => new TCPClientAddress(bad as string, 80)).toThrowError(isAddressError);
    },
  );

  test('a client cannot connect to the address of nobody', () => {
    expect(() => new TCPClientAddress('0.0.0.0', 80)).toThrowError(isAddressError);
  });

  test.each([undefined, null, {}, { kind: 'tcp-server', host: '127.0.0.1', port: 1 }, 'tcp'])(
    'a socket is not made from %j',
    (bad) => {
      expect(() => new SocketCreator().fromAddress(bad as never)).toThrowError(SktError);
    },
  );
});

describe('sockaddr_in', () => {
  test('has family, port and address where Winsock reads them', () => {
    const bytes = encodeSockaddr({ host: '1.2.3.4', port: 0x1b_bb });
    expect([...bytes]).toEqual([2, 0, 0x1b, 0xbb, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('round trip', () => {
    fc.assert(
      fc.property(host, port, (someHost, somePort) => {
        const endpoint = { host: someHost, port: somePort };
        expect(decodeSockaddr(encodeSockaddr(endpoint))).toEqual(endpoint);
      }),
    );
  });

  test('never throws on bytes, and knows only its own family', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeSockaddr(bytes);
        const isInet = bytes.length >= 16 && bytes[0] === 2 && bytes[1] === 0;
        expect(decoded !== undefined).toBe(isInet);
      }),
    );
  });
});
