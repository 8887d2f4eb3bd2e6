import ipaddr from 'ipaddr.js';
import { AF_INET, AF_INET6, AF_UNIX, sockaddr_in, sockaddr_in6, sockaddr_un } from 'ntdllx/ws2_32';
import type { AddressSpace } from './memory.js';
import type { Name } from './objects.js';

const pathOffset = sockaddr_un.fields.sun_path[0];

/** Reads the path of a sockaddr_un, up to a zero or to the end. */
function readPath(view: DataView, at: number, byteLength: number): string {
  const offset = view.byteOffset + at + pathOffset;
  const bytes = Buffer.from(view.buffer, offset, byteLength - pathOffset);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.byteLength : end);
}

/** The size of a name in bytes. For a path: its length including the zero. */
function sizeOf({ family, host }: Name): number {
  if (family === AF_UNIX) return pathOffset + Buffer.byteLength(host) + 1;
  if (family === AF_INET) return sockaddr_in.size;
  return family === AF_INET6 ? sockaddr_in6.size : sockaddr_un.size;
}

/** Reads a sockaddr at an address; undefined for an unsupported family or too few bytes. */
export function readName(
  memory: AddressSpace,
  address: number,
  byteLength: number,
): Name | undefined {
  if (byteLength < pathOffset || !memory.locate(address, byteLength, 'sockaddr')) {
    return undefined;
  }
  const { view, at } = memory;
  const family = view.getUint16(at, true);
  if (family === AF_UNIX) return { family, host: readPath(view, at, byteLength), port: 0 };
  if (byteLength < sockaddr_in.size) return undefined;
  const port = view.getUint16(at + 2, false);
  if (family === AF_INET) {
    const host = [4, 5, 6, 7].map((offset) => view.getUint8(at + offset)).join('.');
    return { family, host, port };
  }
  if (family !== AF_INET6 || byteLength < sockaddr_in6.size) return undefined;
  const bytes = Array.from({ length: 16 }, (_, index) => view.getUint8(at + 8 + index));
  return { family, host: new ipaddr.IPv6(bytes).toRFC5952String(), port };
}

/**
 * Writes a sockaddr, and its length if the caller requested it; false if the buffer is too small.
 */
export function writeName(
  memory: AddressSpace,
  name: Name,
  address: number,
  lengthAddress: number,
): boolean {
  const size = sizeOf(name);
  if (!memory.locate(lengthAddress, 4, 'sockaddr length')) return false;
  const room = memory.view.getInt32(memory.at, true);
  if (room < size) return false;
  memory.view.setInt32(memory.at, size, true);
  if (!memory.locate(address, size, 'sockaddr')) return false;
  const { view, at } = memory;
  for (let offset = 0; offset < size; offset += 1) view.setUint8(at + offset, 0);
  view.setUint16(at, name.family, true);
  if (name.family !== AF_INET && name.family !== AF_INET6) {
    for (const [index, byte] of Buffer.from(name.host).entries()) {
      view.setUint8(at + pathOffset + index, byte);
    }
    return true;
  }
  view.setUint16(at + 2, name.port, false);
  const bytes = ipaddr.parse(name.host).toByteArray();
  for (const [index, byte] of bytes.entries()) {
    view.setUint8(at + (name.family === AF_INET ? 4 : 8) + index, byte);
  }
  return true;
}
