import fc from 'fast-check';
import { checkProperty } from 'test-kit';
import {
  formatAddress,
  formatAddressHeader,
  parseAddress,
  parseAddressHeaders,
  type SktAddress,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSClientAddress,
  UDSServerAddress,
} from 'tofu-sockets';
import { describe, expect, test } from 'vitest';
import { anyIP, anyPath, anyPort, hostName, targetIP, targetPort } from './arbitraries.js';

const isAddressError = expect.objectContaining({ name: 'SktError', code: 'ERR_ADDRESS' });
const isArgumentError = expect.objectContaining({ name: 'SktError', code: 'ERR_SKT_ARGUMENT' });

const address: fc.Arbitrary<SktAddress> = fc.oneof(
  fc.tuple(anyIP, anyPort).map(([host, port]) => new TCPServerAddress(host, port)),
  fc.tuple(targetIP, targetPort).map(([host, port]) => new TCPClientAddress(host, port)),
  fc.tuple(hostName, targetPort).map(([host, port]) => new TCPClientAddress(host, port)),
  anyPath.map((path) => new UDSServerAddress(path)),
  anyPath.map((path) => new UDSClientAddress(path)),
);

const sideOf = (some: SktAddress) => (some.kind.endsWith('server') ? 'server' : 'client');

test.each([
  ['tcp|127.0.0.1|7099', 'server', new TCPServerAddress('127.0.0.1', 7099)],
  ['tcp|127.0.0.1|7099', 'client', new TCPClientAddress('127.0.0.1', 7099)],
  ['tcp|::1|0', 'server', new TCPServerAddress('::1', 0)],
  ['tcp|fe80::1%5|1', 'client', new TCPClientAddress('fe80::1%5', 1)],
  ['tcp|Example.ORG|80', 'client', new TCPClientAddress('Example.ORG', 80)],
  ['uds|C:\\tmp\\a|b.sock', 'server', new UDSServerAddress('C:\\tmp\\a|b.sock')],
  ['uds|x', 'client', new UDSClientAddress('x')],
  ['uds|/tmp/7099.port ', 'server', new UDSServerAddress('/tmp/7099.port ')],
  ['uds|tcp|127.0.0.1|80', 'client', new UDSClientAddress('tcp|127.0.0.1|80')],
] as const)('%s of a %s', (text, side, expected) => {
  expect(parseAddress(text, side)).toEqual({ address: expected });
  expect(formatAddress(expected)).toBe(text);
});

test.each([
  '',
  'tcp',
  'tcp|',
  'tcp||80',
  'tcp|127.0.0.1',
  'tcp|127.0.0.1|',
  'tcp|127.0.0.1|7099|',
  'tcp|127.0.0.1|7099|x|y',
  'tcp|127.0.0.1|+80',
  'tcp|127.0.0.1|080',
  'tcp|127.0.0.1|00',
  'tcp|127.0.0.1| 80',
  'tcp|127.0.0.1|80\n',
  'tcp|127.0.0.1|0x50',
  'tcp|127.0.0.1|8_0',
  'tcp|127.0.0.1|8e1',
  'tcp|127.0.0.1|\u0661',
  'tcp|127.0.0.1|65536',
  'tcp|127.0.0.1|99999',
  'tcp|127.0.0.1|-1',
  'tcp|1.2.3|80',
  'tcp|a_b|80',
  'tcp|[::1]|80',
  ' tcp|127.0.0.1|80',
  'TCP|127.0.0.1|80',
  'udp|127.0.0.1|80',
  'tcp:127.0.0.1:80',
  'uds',
  'uds|',
  'UDS|x',
  'uds|a\r\n~connect_to: tcp|127.0.0.1|1',
  `uds|${'x'.repeat(108)}`,
])('%j is returned as an error value, not as an address', (text) => {
  for (const side of ['server', 'client'] as const) {
    expect(parseAddress(text, side)).toEqual({ error: isAddressError });
  }
});

test('the error says what a server and a client need', () => {
  expect(parseAddress('tcp|localhost|80', 'server').error?.message).toContain('0.0.0.0 or ::');
  expect(parseAddress('tcp|127.0.0.1|0', 'client').error?.message).toContain('from 1 to 65535');
  expect(parseAddress('tcp|0.0.0.0|80', 'client').error?.message).toContain(
    'every address of a host',
  );
});

test('a value that is not a text, or an unknown side, throws', () => {
  for (const bad of [undefined, null, 5, {}, ['tcp|127.0.0.1|80'], Symbol('x')]) {
    expect(() => parseAddress(bad as never, 'client')).toThrowError(isArgumentError);
    expect(() => parseAddress('uds|x', bad as never)).toThrowError(isArgumentError);
    expect(() => parseAddressHeaders(bad as never)).toThrowError(isArgumentError);
    expect(() => formatAddress(bad as never)).toThrowError(isAddressError);
    expect(() => formatAddressHeader(bad as never)).toThrowError(isAddressError);
  }
});

test('formatting refuses UDP addresses, and objects not made by a constructor', () => {
  expect(() => formatAddress(new UDPAddress())).toThrowError(isAddressError);
  expect(() => formatAddressHeader(new UDPAddress())).toThrowError(isAddressError);
  const lookAlike = { kind: 'tcp-client', host: '0.0.0.0', port: 0 };
  expect(() => formatAddress(lookAlike as never)).toThrowError(isAddressError);
  const borrowed = Object.create(TCPClientAddress.prototype) as TCPClientAddress;
  expect(() => formatAddress(borrowed)).toThrowError(isAddressError);
});

test('an error about a text of 1 MB is short', () => {
  const { error } = parseAddress(`tcp|${'x'.repeat(1_000_000)}|80`, 'client');
  expect(error?.message.length).toBeLessThan(400);
});

test('parseAddress returns the address that formatAddress wrote', () => {
  checkProperty(
    fc.property(address, (some) => {
      expect(parseAddress(formatAddress(some), sideOf(some))).toEqual({ address: some });
    }),
  );
});

describe('B01 B02 headers', () => {
  test('B01 the default client is ~connect_to: tcp|127.0.0.1|7099, and is parsed back', () => {
    const text = formatAddressHeader(new TCPClientAddress());
    expect(text).toBe('~connect_to: tcp|127.0.0.1|7099');
    expect(parseAddressHeaders(text)).toEqual({ address: new TCPClientAddress() });
  });

  test.each([
    ['~connect_to: uds|p', new UDSClientAddress('p')],
    ['~listen_on: tcp|0.0.0.0|80', new TCPServerAddress('0.0.0.0', 80)],
    ['~listen_on: uds|p q ', new UDSServerAddress('p q ')],
  ] as const)('B02 %s', (text, expected) => {
    expect(formatAddressHeader(expected)).toBe(text);
    expect(parseAddressHeaders(text)).toEqual({ address: expected });
  });

  test('B02 the first matching header is used, even if it is invalid', () => {
    const rest = '~connect_to: tcp|127.0.0.1|1\r\n~listen_on: tcp|127.0.0.1|2\r\n';
    const first = parseAddressHeaders(`~other: tcp|127.0.0.1|9\r\n\nno header\r\n${rest}`);
    expect(first).toEqual({ address: new TCPClientAddress('127.0.0.1', 1) });
    expect(parseAddressHeaders(`~listen_on:tcp|127.0.0.1|0\n${rest}`)).toEqual({
      address: new TCPServerAddress('127.0.0.1', 0),
    });
    expect(parseAddressHeaders(`~listen_on: nonsense\n${rest}`)).toEqual({ error: isAddressError });
  });

  test.each(['', '\r\n', '~connect_to', 'connect_to: uds|p', '~Connect_To: uds|p', ': uds|p'])(
    'B02 B04 for headers %j without an address an error is returned',
    (text) => {
      expect(parseAddressHeaders(text).error?.message).toContain('The message has no address');
    },
  );

  test.each(['~connect_to:', '~connect_to:  uds|p', '~connect_to: tcp|127.0.0.1|1 '])(
    'B09 for an invalid address in %j an error is returned',
    (text) => {
      expect(parseAddressHeaders(text)).toEqual({ error: isAddressError });
    },
  );

  test('the address is found between any other headers', () => {
    const other = fc.string().filter((text) => !/^~(connect_to|listen_on):/m.test(text));
    checkProperty(
      fc.property(other, address, other, (before, some, after) => {
        const text = `${before}\n${formatAddressHeader(some)}\r\n${after}`;
        expect(parseAddressHeaders(text)).toEqual({ address: some });
      }),
    );
  });
});
