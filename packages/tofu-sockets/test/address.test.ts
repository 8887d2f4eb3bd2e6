import {
  longestPathBytes,
  SktError,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSClientAddress,
  UDSServerAddress,
} from 'tofu-sockets';
import { describe, expect, test } from 'vitest';

const isAddressError = expect.objectContaining({ name: 'SktError', code: 'ERR_ADDRESS' });

test('a server listens on loopback and on a free port by default', () => {
  expect(new TCPServerAddress()).toMatchObject({ host: '127.0.0.1', port: 0, kind: 'tcp-server' });
  expect(new TCPServerAddress('0.0.0.0', 65_535)).toMatchObject({ host: '0.0.0.0', port: 65_535 });
});

test('a client connects to tofu\u2019s port on loopback by default', () => {
  expect(new TCPClientAddress()).toMatchObject({ host: '127.0.0.1', port: 7099 });
});

describe('B10 ports', () => {
  test.each([
    -1,
    4_294_967_295,
    65_536,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '80',
    null,
    2 ** 40,
    2 ** 53,
    80n,
    Symbol('80'),
  ])('%s is not a port', (bad) => {
    for (const Kind of [TCPServerAddress, TCPClientAddress, UDPAddress]) {
      expect(() => new Kind('127.0.0.1', bad as number)).toThrowError(isAddressError);
    }
  });

  test('a client refuses port 0', () => {
    expect(() => new TCPClientAddress('127.0.0.1', 0)).toThrowError(/from 1 to 65535, got 0/);
  });
});

describe('B10 hosts', () => {
  const addresses = [
    '127.0.0.1',
    '1.2.3.4',
    '0.1.2.3',
    '::1',
    'fe80::1%5',
    '::ffff:127.0.0.1',
    '1:2:3:4:5:6:7:8',
    '64:ff9b::192.0.2.33',
  ];
  test.each(addresses)('%s is an address', (good) => {
    expect(new TCPServerAddress(good, 80).host).toBe(good);
    expect(new TCPClientAddress(good, 80)).toMatchObject({ host: good, isName: false });
    expect(new UDPAddress(good, 80).host).toBe(good);
  });

  const names = [
    'localhost',
    'example.org',
    'EXAMPLE.org.',
    'a-b.c',
    'xn--exmple-cua.org',
    '1.2.3.com',
    '3com.com',
    `${'a'.repeat(63)}.x`,
    `${'a.'.repeat(126)}a`,
    'a1',
  ];
  test.each(names)('%s is a name: valid for a client, not for a server', (name) => {
    expect(new TCPClientAddress(name, 80)).toMatchObject({ host: name, isName: true });
    expect(() => new TCPServerAddress(name, 80)).toThrowError(isAddressError);
    expect(() => new UDPAddress(name, 80)).toThrowError(isAddressError);
  });

  const wrong = [
    '',
    '.',
    '127.0.0',
    '127.0.0.256',
    '256.1.1.1',
    '1.2.3',
    '1',
    '0x7f.1',
    '1.0x7F',
    '0x7f000001',
    '127.0.0.1.',
    'example.1',
    '01.2.3.4',
    ':::1',
    '[::1]',
    '1:2:3:4:5:6:7',
    '::1%eth0',
    'fe80::1%0',
    'fe80::1%05',
    'fe80::1%4294967296',
    '127.0.0.1%5',
    ' 127.0.0.1',
    '127.0.0.1\n',
    'a..b',
    '.a',
    '-a.b',
    'a-.b',
    'a_b.c',
    'a b',
    'a|b',
    'a/b',
    'ex\u00e4mple.org',
    '\uff11.2.3.4',
    '\ud800',
    `${'a'.repeat(64)}.x`,
    `${'a.'.repeat(127)}a`,
    'a\0b',
    null,
    7,
    10n,
    Symbol('x'),
    {},
    Object.create(null),
  ];
  test.each(wrong)('%s is neither an address nor a name', (bad) => {
    for (const Kind of [TCPServerAddress, TCPClientAddress, UDPAddress]) {
      expect(() => new Kind(bad as string, 80)).toThrowError(isAddressError);
    }
  });

  test('the error about a name with other characters shows its ASCII form', () => {
    const make = () => new TCPClientAddress('ex\u00e4mple.org', 80);
    expect(make).toThrowError(/a name must be in ASCII: xn--exmple-cua\.org\.$/);
  });

  test.each(['0.0.0.0', '::', '0::0', '::0.0.0.0', '::%5', '::ffff:0.0.0.0', '::FFFF:0:0'])(
    'a client refuses %s, which stands for every address of a host',
    (bad) => {
      expect(() => new TCPClientAddress(bad, 80)).toThrowError(isAddressError);
      expect(new TCPServerAddress(bad, 80).host).toBe(bad);
    },
  );

  const groups = ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1', 'FF05::2%3'];
  const mappedGroups = ['::ffff:224.0.0.1', '::ffff:efff:ffff', '0:0:0:0:0:FFFF:255.255.255.255'];
  test.each([...groups, ...mappedGroups])(
    'TCP refuses the multicast or broadcast address %s',
    (group) => {
      expect(() => new TCPClientAddress(group, 80)).toThrowError(isAddressError);
      expect(() => new TCPServerAddress(group, 80)).toThrowError(isAddressError);
      expect(new UDPAddress(group, 80).host).toBe(group);
    },
  );
});

describe('paths', () => {
  test('a path that is too long, empty or has control characters is refused, never cut', () => {
    const long = 'x'.repeat(longestPathBytes);
    expect(longestPathBytes).toBe(107);
    for (const Kind of [UDSServerAddress, UDSClientAddress]) {
      expect(new Kind(long).path).toBe(long);
      expect(new Kind('C:\\tmp\\a|b \u00e9\ud83d\ude00').path).toBe(
        'C:\\tmp\\a|b \u00e9\ud83d\ude00',
      );
      const bad = [
        `${long}x`,
        `${long.slice(1)}\u00e9`,
        '',
        'a\0b',
        '\0',
        'a\nb',
        '\ud800',
        null,
        5,
      ];
      for (const each of bad) {
        expect(() => new Kind(each as string)).toThrowError(isAddressError);
      }
    }
  });

  test('an error shows only a part of a long path', () => {
    const make = () => new UDSServerAddress(`\n${'x'.repeat(50_000_000)}`);
    expect(make).toThrowError(/^.{1,300}$/);
  });
});

describe('B04 an address is checked by its constructor only', () => {
  test('an address cannot be changed afterwards', () => {
    const address = new TCPServerAddress();
    expect(() => Object.assign(address, { host: 'x' })).toThrowError(TypeError);
    expect(address.host).toBe('127.0.0.1');
  });

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['an empty object', {}],
    ['an object with the same properties', { kind: 'tcp-server', host: '127.0.0.1', port: 1 }],
    ['a text', 'tcp'],
    ['an object with the same prototype', Object.create(TCPServerAddress.prototype)],
    ['an heir', Object.create(new TCPServerAddress())],
    ['a proxy', new Proxy(new TCPServerAddress(), {})],
  ])('fromAddress refuses %s', (_name, bad) => {
    expect(() => new SocketCreator().fromAddress(bad as never)).toThrowError(SktError);
    expect(() => new SocketCreator().fromAddress(bad as never)).toThrowError(isAddressError);
  });

  test('B09 a socket refuses a host name, and the error says to resolve it first', () => {
    const make = () => new SocketCreator().fromAddress(new TCPClientAddress('example.org', 80));
    expect(make).toThrowError(isAddressError);
    expect(make).toThrowError('but example.org is a name: await resolveAddress first');
  });
});
