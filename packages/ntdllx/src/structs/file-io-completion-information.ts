import { IO_STATUS_BLOCK } from './io-status-block.js';
import { NativeStruct, type StructLayout } from './native-struct.js';

const layout = {
  size: 32,
  fields: { KeyContext: [0, 8], ApcContext: [8, 8], IoStatusBlock: [16, 16] },
} as const satisfies StructLayout;

/**
 * FILE_IO_COMPLETION_INFORMATION (phnt ntioapi.h): one packet, as NtRemoveIoCompletionEx stores
 * it. Win32 calls it OVERLAPPED_ENTRY. FILE_COMPLETION_INFORMATION is another structure: the
 * 16-byte argument of NtSetInformationFile class 30. Some bindings use that name for this
 * structure.
 */
export class FILE_IO_COMPLETION_INFORMATION extends NativeStruct {
  /** Size and offsets, compared with phnt's header by a test. */
  static readonly layout = layout;

  /** The key from the file's association with the port, or from the post. */
  get KeyContext(): bigint {
    return this.memory.readU64(this.offset + layout.fields.KeyContext[0]);
  }

  /** The ApcContext of the request, or of the post. */
  get ApcContext(): bigint {
    return this.memory.readU64(this.offset + layout.fields.ApcContext[0]);
  }

  /** The request's result. */
  get IoStatusBlock(): IO_STATUS_BLOCK {
    return new IO_STATUS_BLOCK(this.memory, this.offset + layout.fields.IoStatusBlock[0]);
  }
}
