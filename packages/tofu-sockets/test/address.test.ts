import fc from 'fast-check';
import {
  formatAddress,
  longestPathBytes,
  parseAddress,
  type SktAddress,
  SktError,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSClientAddress,
  UDSServerAddress,
} from 'tofu-sockets';
import { decodeSockaddr, encodeSockaddr } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';

const isAddressError = expect.objectContaining({ name: 'SktError', code: 'ERR_ADDRESS' });
const host = fc.oneof(fc.ipV4(), fc.ipV6());
const target = host.filter((text) => text !== '0.0.0.0' && !/^[0:.]+$/.test(text));
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

  test.each([
    '',
    'localhost',
    '127.0.0',
    '127.0.0.256',
    '01.2.3.4',
    ':::1',
    '[::1]',
    ' 127.0.0.1',
    null,
    7,
  ])('host %j', (bad) => {
    expect(() => new TCPServerAddress(bad as string, 80)).toThrowError(isAddressError);
    expect(() => new TCPClientAddress(bad as string, 80)).toThrowError(isAddressError);
  });

  test.each(['0.0.0.0', '::', '0::0'])(
    'a client cannot connect to %s, the address of nobody',
    (bad) => {
      expect(() => new TCPClientAddress(bad, 80)).toThrowError(isAddressError);
      expect(new TCPServerAddress(bad, 80).host).toBe(bad);
    },
  );

  test('a path is refused when it is too long, empty or has a zero; never cut', () => {
    const long = 'x'.repeat(longestPathBytes);
    expect(longestPathBytes).toBe(107);
    for (const Kind of [UDSServerAddress, UDSClientAddress]) {
      expect(new Kind(long).path).toBe(long);
      for (const bad of [`${long}x`, `${long.slice(1)}é`, '', 'a\0b', '\ud800', null, 5]) {
        expect(() => new Kind(bad as string)).toThrowError(isAddressError);
      }
    }
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

  test('of IPv6 has 28 bytes, and the scope', () => {
    const bytes = encodeSockaddr({ host: 'fe80::1%5', port: 0x1b_bb });
    expect(bytes.length).toBe(28);
    expect([...bytes.subarray(0, 10)]).toEqual([23, 0, 0x1b, 0xbb, 0, 0, 0, 0, 0xfe, 0x80]);
    expect([...bytes.subarray(23)]).toEqual([1, 5, 0, 0, 0]);
    expect(decodeSockaddr(bytes)).toEqual({ host: 'fe80::1%5', port: 0x1b_bb });
  });

  test('of a path ends with a zero', () => {
    const bytes = encodeSockaddr({ path: 'é' });
    expect(bytes.length).toBe(110);
    expect([...bytes.subarray(0, 6)]).toEqual([1, 0, 0xc3, 0xa9, 0, 0]);
    expect(encodeSockaddr({ path: 'x'.repeat(107) })[109]).toBe(0);
  });

  test('round trip', () => {
    fc.assert(
      fc.property(host, port, (someHost, somePort) => {
        const bytes = encodeSockaddr({ host: someHost, port: somePort });
        const decoded = decodeSockaddr(bytes);
        expect(decoded?.port).toBe(somePort);
        // One address has many spellings in IPv6, so the bytes are compared.
        expect(encodeSockaddr(decoded as NonNullable<typeof decoded>)).toEqual(bytes);
      }),
    );
  });

  test('never throws on bytes, and knows only its own family', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeSockaddr(bytes);
        const isV4 = bytes.length >= 16 && bytes[0] === 2 && bytes[1] === 0;
        const isV6 = bytes.length >= 28 && bytes[0] === 23 && bytes[1] === 0;
        expect(decoded !== undefined).toBe(isV4 || isV6);
      }),
    );
  });
});

describe('tofu\u2019s textual form', () => {
  test.each([
    ['tcp|127.0.0.1|7099', 'server', new TCPServerAddress('127.0.0.1', 7099)],
    ['tcp|127.0.0.1|7099', 'client', new TCPClientAddress('127.0.0.1', 7099)],
    ['tcp|::1|0', 'server', new TCPServerAddress('::1', 0)],
    ['uds|C:\\tmp\\a|b.sock', 'server', new UDSServerAddress('C:\\tmp\\a|b.sock')],
    ['uds|x', 'client', new UDSClientAddress('x')],
  ] as const)('%s of a %s', (text, side, address) => {
    expect(parseAddress(text, side)).toEqual({ address });
    expect(formatAddress(address)).toBe(text);
  });

  test.each([
    '',
    'tcp',
    'tcp|',
    'tcp|127.0.0.1',
    'tcp|127.0.0.1|',
    'tcp|127.0.0.1|7099|',
    'tcp|127.0.0.1|+80',
    'tcp|127.0.0.1|8e1',
    'tcp|127.0.0.1|65536',
    'tcp|127.0.0.1|-1',
    'tcp|localhost|80',
    ' tcp|127.0.0.1|80',
    'TCP|127.0.0.1|80',
    'udp|127.0.0.1|80',
    'uds',
    'uds|',
    `uds|${'x'.repeat(108)}`,
  ])('%j is a value, and no address', (text) => {
    for (const side of ['server', 'client'] as const) {
      expect(parseAddress(text, side)).toEqual({ error: isAddressError });
    }
  });

  test('a client needs a port and somebody to talk to', () => {
    expect(parseAddress('tcp|127.0.0.1|0', 'client').error?.message).toContain('from 1 to 65535');
    expect(parseAddress('tcp|0.0.0.0|80', 'client').error?.message).toContain('Nobody');
  });

  test('there is none for UDP', () => {
    expect(() => formatAddress(new UDPAddress())).toThrowError(isAddressError);
  });

  const path = fc
    .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
    .filter((text) => !text.includes('\0') && Buffer.byteLength(text) <= 107);
  const address: fc.Arbitrary<SktAddress> = fc.oneof(
    fc.tuple(host, port).map(([h, p]) => new TCPServerAddress(h, p)),
    fc
      .tuple(
        target,
        port.filter((p) => p > 0),
      )
      .map(([h, p]) => new TCPClientAddress(h, p)),
    path.map((p) => new UDSServerAddress(p)),
    path.map((p) => new UDSClientAddress(p)),
  );

  test('round trip', () => {
    fc.assert(
      fc.property(address, (some) => {
        const side = some.kind.endsWith('server') ? 'server' : 'client';
        expect(parseAddress(formatAddress(some), side)).toEqual({ address: some });
      }),
    );
  });

  const nearText = fc
    .array(fc.oneof(fc.constantFrom('tcp', 'uds', '|', '127.0.0.1', '::1', '80', '0'), fc.string()))
    .map((parts) => parts.join(''));

  test('never throws on text, and what it takes it writes back', () => {
    fc.assert(
      fc.property(
        fc.oneof(nearText, fc.string()),
        fc.constantFrom('server', 'client'),
        (text, side) => {
          const { address: found } = parseAddress(text, side as 'server' | 'client');
          if (found !== undefined && 'path' in found) expect(formatAddress(found)).toBe(text);
          else if (found !== undefined) {
            const again = parseAddress(formatAddress(found), side as 'server' | 'client');
            expect(again).toEqual({ address: found });
          }
        },
      ),
      { numRuns: 20_000 },
    );
  });
});
