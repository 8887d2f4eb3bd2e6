import ipaddr from 'ipaddr.js';
import { AF_INET, AF_INET6, sockaddr_in, sockaddr_in6 } from 'ntdllx/ws2_32';
import type { AddressSpace } from './memory.js';
import type { Name } from './sim-socket.js';

/** Reads a sockaddr at an address; undefined for a family that is not simulated, or too few bytes. */
export function readName(
  memory: AddressSpace,
  address: number,
  byteLength: number,
): Name | undefined {
  if (byteLength < sockaddr_in.size || !memory.locate(address, byteLength, 'sockaddr')) {
    return undefined;
  }
  const { view, at } = memory;
  const family = view.getUint16(at, true);
  const port = view.getUint16(at + 2, false);
  if (family === AF_INET) {
    const host = [4, 5, 6, 7].map((offset) => view.getUint8(at + offset)).join('.');
    return { family, host, port };
  }
  if (family !== AF_INET6 || byteLength < sockaddr_in6.size) return undefined;
  const bytes = Array.from({ length: 16 }, (_, index) => view.getUint8(at + 8 + index));
  return { family, host: new ipaddr.IPv6(bytes).toRFC5952String(), port };
}

/** Writes a sockaddr, and its length where that was said; false where there is no room. */
export function writeName(
  memory: AddressSpace,
  name: Name,
  address: number,
  lengthAddress: number,
): boolean {
  const size = name.family === AF_INET ? sockaddr_in.size : sockaddr_in6.size;
  if (!memory.locate(lengthAddress, 4, 'sockaddr length')) return false;
  const room = memory.view.getInt32(memory.at, true);
  if (room < size) return false;
  memory.view.setInt32(memory.at, size, true);
  if (!memory.locate(address, size, 'sockaddr')) return false;
  const { view, at } = memory;
  for (let offset = 0; offset < size; offset += 4) view.setUint32(at + offset, 0, true);
  view.setUint16(at, name.family, true);
  view.setUint16(at + 2, name.port, false);
  const bytes = ipaddr.parse(name.host).toByteArray();
  for (const [index, byte] of bytes.entries()) {
    view.setUint8(at + (name.family === AF_INET ? 4 : 8) + index, byte);
  }
  return true;
}
