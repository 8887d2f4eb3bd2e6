import fc from 'fast-check';
import { checkProperty } from 'test-kit';
import { decodePath, decodeSockaddr, encodeSockaddr } from 'tofu-sockets/internal';
import { describe, expect, test } from 'vitest';
import { anyPath, anyPort } from './arbitraries.js';

const host = fc.oneof(fc.ipV4(), fc.ipV6());
const port = anyPort;

describe('the sockaddr', () => {
  test('of IPv4 has family, port and address where Winsock reads them', () => {
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

  test('of a path is read up to its zero, or to its end', () => {
    checkProperty(
      fc.property(anyPath, (path) => {
        const bytes = encodeSockaddr({ path });
        expect(decodePath(bytes)).toBe(path);
        expect(decodePath(bytes.subarray(0, 2 + Buffer.byteLength(path)))).toBe(path);
      }),
    );
  });

  test.each([
    ['no bytes at all', []],
    ['the family alone', [1, 0]],
    ['the family and a zero', [1, 0, 0]],
    ['zeros alone', [0, 0, 0, 0]],
    ['a zero before a name', [1, 0, 0, 0x78]],
  ])('of a socket that was never bound has no path: %s', (_name, bytes) => {
    expect(decodePath(Uint8Array.from(bytes))).toBe('');
  });

  test('of another family has no path', () => {
    expect(decodePath(encodeSockaddr({ host: '1.2.3.4', port: 5 }))).toBeUndefined();
  });

  test('of ::1.2.3.4 is not that of ::ffff:1.2.3.4', () => {
    const bytes = encodeSockaddr({ host: '::1.2.3.4', port: 1 });
    expect([...bytes.subarray(8, 24)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
  });

  test('has the address that a URL would have', () => {
    const inURL = (text: string) => new URL(`http://[${text}]/`).hostname;
    checkProperty(
      fc.property(fc.ipV6(), (text) => {
        const decoded = decodeSockaddr(encodeSockaddr({ host: text, port: 1 }));
        expect(inURL(decoded?.host ?? '')).toBe(inURL(text));
      }),
      1_000,
    );
  });

  test('of any IP endpoint decodes to an equal endpoint', () => {
    checkProperty(
      fc.property(host, port, (someHost, somePort) => {
        const bytes = encodeSockaddr({ host: someHost, port: somePort });
        const decoded = decodeSockaddr(bytes);
        expect(decoded?.port).toBe(somePort);
        // One address has many spellings in IPv6, so the bytes are compared.
        expect(encodeSockaddr(decoded as NonNullable<typeof decoded>)).toEqual(bytes);
      }),
    );
  });

  test('of any bytes decodes without an error, and only if the family fits', () => {
    checkProperty(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeSockaddr(bytes);
        const isV4 = bytes.length >= 16 && bytes[0] === 2 && bytes[1] === 0;
        const isV6 = bytes.length >= 28 && bytes[0] === 23 && bytes[1] === 0;
        expect(decoded !== undefined).toBe(isV4 || isV6);
      }),
    );
  });

  test('of a path has its bytes, all of them, and zeros to the end', () => {
    checkProperty(
      fc.property(anyPath, (path) => {
        const bytes = encodeSockaddr({ path });
        const text = Buffer.from(path);
        expect(Buffer.from(bytes.subarray(2, 2 + text.length))).toEqual(text);
        expect(bytes.subarray(2 + text.length).every((byte) => byte === 0)).toBe(true);
        expect(bytes.length).toBe(110);
      }),
    );
  });

  test('keeps any scope', () => {
    checkProperty(
      fc.property(fc.integer({ min: 1, max: 0xffff_ffff }), port, (scope, somePort) => {
        const endpoint = { host: `fe80::1%${scope}`, port: somePort };
        expect(decodeSockaddr(encodeSockaddr(endpoint))).toEqual(endpoint);
      }),
    );
  });
});
