import type { NTSTATUS } from '../ntstatus.js';
import { NativeStruct, type StructLayout } from './native-struct.js';

const layout = {
  size: 16,
  fields: { Status: [0, 4], Information: [8, 8] },
} as const satisfies StructLayout;

/**
 * IO_STATUS_BLOCK (winternl.h): the result of a request. The kernel writes it only when the
 * request ends, so the caller sets Status to STATUS_PENDING before it submits the request.
 */
export class IO_STATUS_BLOCK extends NativeStruct {
  /** Size and offsets, compared with the Windows SDK's header by a test. */
  static readonly layout = layout;

  /** The request's status. STATUS_PENDING until the kernel writes another one. */
  get Status(): NTSTATUS {
    return this.memory.readU32(this.offset + layout.fields.Status[0]);
  }

  set Status(value: NTSTATUS) {
    this.memory.writeU32(this.offset + layout.fields.Status[0], value);
  }

  /**
   * Depends on the request. For AFD_POLL: how many bytes of the AFD_POLL_INFO the kernel wrote.
   */
  get Information(): bigint {
    return this.memory.readU64(this.offset + layout.fields.Information[0]);
  }

  set Information(value: bigint) {
    this.memory.writeU64(this.offset + layout.fields.Information[0], value);
  }
}
