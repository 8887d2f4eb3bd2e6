import type { NTSTATUS } from '../ntstatus.js';
import { NativeStruct, type StructLayout } from './native-struct.js';

const layout = {
  size: 16,
  fields: { Status: [0, 4], Information: [8, 8] },
} as const satisfies StructLayout;

/**
 * IO_STATUS_BLOCK (winternl.h): how a request ended. The kernel writes it when the request ends,
 * never before, so whoever waits fills in STATUS_PENDING first.
 */
export class IO_STATUS_BLOCK extends NativeStruct {
  static readonly layout = layout;

  get Status(): NTSTATUS {
    return this.memory.readU32(this.offset + layout.fields.Status[0]);
  }

  set Status(value: NTSTATUS) {
    this.memory.writeU32(this.offset + layout.fields.Status[0], value);
  }

  /** Depends on the request; for AFD_POLL how many bytes of the AFD_POLL_INFO were written. */
  get Information(): bigint {
    return this.memory.readU64(this.offset + layout.fields.Information[0]);
  }

  set Information(value: bigint) {
    this.memory.writeU64(this.offset + layout.fields.Information[0], value);
  }
}
