import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AF_INET, AF_INET6, AF_UNIX, sockaddr_in, sockaddr_in6, sockaddr_un } from 'ntdllx/ws2_32';
import type { Endpoint } from './address.js';
import { addressBytes } from './host.js';

const v4 = sockaddr_in.fields;
const v6 = sockaddr_in6.fields;

/** The address family of an endpoint or of a path. */
export function familyOf(name: Endpoint | { readonly path: string }): number {
  if ('path' in name) return AF_UNIX;
  return isIPv6(name.host) ? AF_INET6 : AF_INET;
}

/** The bytes of the sockaddr. The caller has checked that it is a valid path or IP endpoint. */
export function encodeSockaddr(name: Endpoint | { readonly path: string }): Uint8Array {
  if ('path' in name) return encodePath(name.path);
  return isIPv6(name.host) ? encodeV6(name) : encodeV4(name);
}

function encodeV4({ host, port }: Endpoint): Uint8Array {
  const bytes = new Uint8Array(sockaddr_in.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(v4.sin_family[0], AF_INET, true);
  view.setUint16(v4.sin_port[0], port, false);
  bytes.set(addressBytes(host), v4.sin_addr[0]);
  return bytes;
}

function encodeV6({ host, port }: Endpoint): Uint8Array {
  const bytes = new Uint8Array(sockaddr_in6.size);
  const view = new DataView(bytes.buffer);
  view.setUint16(v6.sin6_family[0], AF_INET6, true);
  view.setUint16(v6.sin6_port[0], port, false);
  bytes.set(addressBytes(host), v6.sin6_addr[0]);
  view.setUint32(v6.sin6_scope_id[0], Number(host.split('%')[1] ?? 0), true);
  return bytes;
}

function encodePath(path: string): Uint8Array {
  const bytes = new Uint8Array(sockaddr_un.size);
  new DataView(bytes.buffer).setUint16(sockaddr_un.fields.sun_family[0], AF_UNIX, true);
  bytes.set(Buffer.from(path), sockaddr_un.fields.sun_path[0]);
  return bytes;
}

/** The endpoint in a sockaddr; undefined if it is of another family or too short. */
export function decodeSockaddr(bytes: Uint8Array): Endpoint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 2) return undefined;
  const family = view.getUint16(0, true);
  if (family === AF_INET && bytes.byteLength >= sockaddr_in.size) {
    const [first, length] = v4.sin_addr;
    return {
      host: bytes.subarray(first, first + length).join('.'),
      port: view.getUint16(v4.sin_port[0], false),
    };
  }
  if (family === AF_INET6 && bytes.byteLength >= sockaddr_in6.size) {
    const [first, length] = v6.sin6_addr;
    const address = new ipaddr.IPv6([...bytes.subarray(first, first + length)]);
    const scope = view.getUint32(v6.sin6_scope_id[0], true);
    return {
      host: scope === 0 ? address.toRFC5952String() : `${address.toRFC5952String()}%${scope}`,
      port: view.getUint16(v6.sin6_port[0], false),
    };
  }
  return undefined;
}

/**
 * The path in a sockaddr of AF_UNIX, up to its zero or to the end of the bytes; undefined if the
 * sockaddr is of another family. The path is empty for a socket that is not bound: its sockaddr
 * has no path (Linux), or has no bytes at all, or consists of zeros (wine-staging).
 */
export function decodePath(bytes: Uint8Array): string | undefined {
  const [start] = sockaddr_un.fields.sun_path;
  if (bytes.byteLength < start) return '';
  const family = new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true);
  if (family !== AF_UNIX && family !== 0) return undefined;
  const path = bytes.subarray(start);
  const end = path.indexOf(0);
  return Buffer.from(end < 0 ? path : path.subarray(0, end)).toString();
}
