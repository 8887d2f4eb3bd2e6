import { AF_INET, sockaddr_in } from 'ntdllx/ws2_32';
import type { Endpoint } from './address.js';

const { size, fields } = sockaddr_in;

/** The bytes of a sockaddr_in. The endpoint must be valid; addresses see to that. */
export function encodeSockaddr({ host, port }: Endpoint): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(fields.sin_family[0], AF_INET, true);
  view.setUint16(fields.sin_port[0], port, false);
  bytes.set(host.split('.').map(Number), fields.sin_addr[0]);
  return bytes;
}

/** The endpoint in a sockaddr, or undefined where the bytes are no sockaddr_in. */
export function decodeSockaddr(bytes: Uint8Array): Endpoint | undefined {
  if (bytes.byteLength < size) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(fields.sin_family[0], true) !== AF_INET) return undefined;
  const [first] = fields.sin_addr;
  return {
    host: bytes.subarray(first, first + 4).join('.'),
    port: view.getUint16(fields.sin_port[0], false),
  };
}
