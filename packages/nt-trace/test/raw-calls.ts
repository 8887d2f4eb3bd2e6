import type { RawCall } from 'nt-trace';
import { AFD_POLL_INFO, INT64_MAX, IOCTL_AFD_POLL, STATUS_PENDING } from 'ntdllx';
import { type FunctionName, prototypes } from 'ntdllx/trace';

// Calls in the form in which a recorder captures them, written by hand: these tests need no NT.

/** Makes a sequence of calls. Each takes 10 µs and starts 100 µs after the previous one. */
export class Script {
  readonly calls: RawCall[] = [];

  /** @param named the arguments that a test needs; the others are 0. */
  call(
    name: FunctionName,
    named: Record<string, number | bigint>,
    result: number | bigint = 0,
    more: Partial<RawCall> = {},
  ): this {
    const { params } = prototypes[name];
    for (const given of Object.keys(named)) {
      if (!params.some(([parameter]) => parameter === given)) throw new Error(`${name}: ${given}?`);
    }
    this.calls.push({
      number: this.calls.length + 1,
      threadId: 0,
      name,
      args: params.map(([parameter]) => named[parameter] ?? 0),
      result,
      startUs: 1_000 + this.calls.length * 100,
      durationUs: 10,
      before: {},
      after: {},
      ...more,
    });
    return this;
  }

  port(handle: number): this {
    const after = { IoCompletionHandle: pointer(handle) };
    return this.call('NtCreateIoCompletion', { IoCompletionHandle: 0x100 }, 0, { after });
  }

  socket(handle: number): this {
    return this.call('WSASocketW', { af: 2, type: 1, protocol: 6 }, handle);
  }

  associate(handle: number, port: number): this {
    return this.call(
      'CreateIoCompletionPort',
      { FileHandle: handle, ExistingCompletionPort: port },
      port,
    );
  }

  /** A poll of one socket, for ACCEPT. */
  poll(
    handle: number,
    iosb: number,
    result: number = STATUS_PENDING,
    more: Partial<RawCall> = {},
  ): this {
    const named = {
      FileHandle: handle,
      ApcContext: iosb,
      IoStatusBlock: iosb,
      IoControlCode: IOCTL_AFD_POLL,
      InputBuffer: iosb + 16,
      InputBufferLength: 32,
      OutputBuffer: iosb + 16,
      OutputBufferLength: 32,
    };
    const before = { InputBuffer: pollInfo([[handle, 0x80]]) };
    return this.call('NtDeviceIoControlFile', named, result, { before, ...more });
  }

  /** A wait that removes packets. */
  remove(port: number, packets: readonly Packet[], outputs: (Uint8Array | undefined)[] = []): this {
    const count = new Uint8Array(4);
    count[0] = packets.length;
    const named = { IoCompletionHandle: port, Count: 64, NumEntriesRemoved: 0x200 };
    return this.call('NtRemoveIoCompletionEx', named, 0, {
      before: { Timeout: i64(-10_000_000n) },
      after: { NumEntriesRemoved: count, IoCompletionInformation: entries(packets) },
      outputs,
    });
  }
}

/** One packet. */
export interface Packet {
  readonly key?: bigint;
  readonly apcContext: number;
  readonly status?: number;
  readonly information?: number;
}

export function i64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return bytes;
}

export const pointer = (value: number) => i64(BigInt(value));

export function pollInfo(
  sockets: readonly (readonly [handle: number, events: number])[],
  timeout: bigint = INT64_MAX,
): Uint8Array {
  const bytes = new Uint8Array(AFD_POLL_INFO.byteLength(Math.max(1, sockets.length)));
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, timeout, true);
  view.setUint32(8, sockets.length, true);
  for (const [index, [handle, events]] of sockets.entries()) {
    view.setBigUint64(16 + 16 * index, BigInt(handle), true);
    view.setUint32(24 + 16 * index, events, true);
  }
  return bytes;
}

function entries(packets: readonly Packet[]): Uint8Array {
  const bytes = new Uint8Array(32 * packets.length);
  const view = new DataView(bytes.buffer);
  for (const [index, { key = 0n, apcContext, status = 0, information = 32 }] of packets.entries()) {
    view.setBigUint64(32 * index, key, true);
    view.setBigUint64(32 * index + 8, BigInt(apcContext), true);
    view.setUint32(32 * index + 16, status, true);
    view.setBigUint64(32 * index + 24, BigInt(information), true);
  }
  return bytes;
}
