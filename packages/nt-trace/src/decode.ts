import {
  AFD_POLL_HANDLE_INFO,
  AFD_POLL_INFO,
  afdPollNames,
  FILE_IO_COMPLETION_INFORMATION,
  IO_STATUS_BLOCK,
} from 'ntdllx';
import { AF_INET, AF_INET6, AF_UNIX, sockaddr_in, sockaddr_in6, sockaddr_un } from 'ntdllx/ws2_32';
import type { HandleNames } from './handle-names.js';
import { timeoutText } from './nt-names.js';
import type { PolledSocket, PollInfo } from './record.js';

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Decodes a copy of an AFD_POLL_INFO, with as many sockets as the copy contains. */
export function decodePollInfo(bytes: Uint8Array, names: HandleNames): PollInfo | undefined {
  const { fields } = AFD_POLL_INFO.layout;
  const first = fields.Handles[0];
  if (bytes.byteLength < first) return undefined;
  const info = view(bytes);
  const { Handle, Events, Status } = AFD_POLL_HANDLE_INFO.layout.fields;
  const { size } = AFD_POLL_HANDLE_INFO.layout;
  const numberOfHandles = info.getUint32(fields.NumberOfHandles[0], true);
  const count = Math.min(numberOfHandles, Math.floor((bytes.byteLength - first) / size));
  const sockets = Array.from({ length: count }, (_, index): PolledSocket => {
    const at = first + index * size;
    const handle = info.getBigUint64(at + Handle[0], true);
    const mask = info.getUint32(at + Events[0], true);
    const status = info.getUint32(at + Status[0], true);
    return { handle, socket: names.of(handle), mask, events: afdPollNames(mask), status };
  });
  return {
    timeout100ns: info.getBigInt64(fields.Timeout[0], true),
    numberOfHandles,
    exclusive: info.getUint32(fields.Exclusive[0], true),
    sockets,
  };
}

const socketText = ({ socket, events }: PolledSocket) => `${socket}: ${events.join('|') || '0'}`;

/** A poll's input, on one line. */
export function pollText({ timeout100ns, exclusive, numberOfHandles, sockets }: PollInfo): string {
  const fields = [
    `Timeout=${timeoutText(timeout100ns)}`,
    `NumberOfHandles=${numberOfHandles}`,
    `Exclusive=${exclusive}`,
    ...sockets.map(socketText),
  ];
  return `{${fields.join(', ')}}`;
}

/** A poll's output, on one line. */
export function answerText({ sockets }: PollInfo): string {
  return sockets.length === 0 ? '{no events}' : `{${sockets.map(socketText).join(', ')}}`;
}

/** A packet as NtRemoveIoCompletionEx stores it. */
export interface Entry {
  readonly keyContext: bigint;
  readonly apcContext: bigint;
  readonly status: number;
  readonly information: bigint;
}

/** Decodes a copy of the packets that NtRemoveIoCompletionEx stored. */
export function decodeEntries(bytes: Uint8Array): Entry[] {
  const { size, fields } = FILE_IO_COMPLETION_INFORMATION.layout;
  const block = fields.IoStatusBlock[0];
  const { Status, Information } = IO_STATUS_BLOCK.layout.fields;
  const entries = view(bytes);
  return Array.from({ length: Math.floor(bytes.byteLength / size) }, (_, index) => {
    const at = index * size;
    return {
      keyContext: entries.getBigUint64(at + fields.KeyContext[0], true),
      apcContext: entries.getBigUint64(at + fields.ApcContext[0], true),
      status: entries.getUint32(at + block + Status[0], true),
      information: entries.getBigUint64(at + block + Information[0], true),
    };
  });
}

/** A sockaddr as text, such as `127.0.0.1:80`. */
export function sockaddrText(bytes: Uint8Array): string {
  if (bytes.byteLength < 2) return `${bytes.byteLength} bytes`;
  const address = view(bytes);
  const family = address.getUint16(0, true);
  if (family === AF_INET && bytes.byteLength >= sockaddr_in.size) {
    const [at] = sockaddr_in.fields.sin_addr;
    return `${bytes.subarray(at, at + 4).join('.')}:${address.getUint16(2)}`;
  }
  if (family === AF_INET6 && bytes.byteLength >= sockaddr_in6.size) {
    const [at] = sockaddr_in6.fields.sin6_addr;
    const groups = Array.from({ length: 8 }, (_, index) => address.getUint16(at + 2 * index));
    return `[${groups.map((group) => group.toString(16)).join(':')}]:${address.getUint16(2)}`;
  }
  if (family === AF_UNIX) {
    const [at] = sockaddr_un.fields.sun_path;
    const path = Buffer.from(bytes.subarray(at)).toString();
    return JSON.stringify(path.split('\0')[0]);
  }
  return `family ${family}`;
}
