import { NativeStruct, type StructLayout } from './native-struct.js';

const layout = { size: 16, fields: { Port: [0, 8], Key: [8, 8] } } as const satisfies StructLayout;

/** FILE_COMPLETION_INFORMATION (phnt ntioapi.h): a file's completion port and completion key. */
export class FILE_COMPLETION_INFORMATION extends NativeStruct {
  /** Size and offsets, compared with phnt's header by a test. */
  static readonly layout = layout;

  /** The handle of the port. */
  get Port(): bigint {
    return this.memory.readU64(this.offset + layout.fields.Port[0]);
  }

  set Port(value: bigint) {
    this.memory.writeU64(this.offset + layout.fields.Port[0], value);
  }

  /** The KeyContext of every packet of this file. */
  get Key(): bigint {
    return this.memory.readU64(this.offset + layout.fields.Key[0]);
  }

  set Key(value: bigint) {
    this.memory.writeU64(this.offset + layout.fields.Key[0], value);
  }
}
