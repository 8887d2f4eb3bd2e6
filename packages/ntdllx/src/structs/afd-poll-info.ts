import type { NTSTATUS } from '../ntstatus.js';
import type { NativeMemory } from '../viewed-memory.js';
import { NativeStruct, type StructLayout } from './native-struct.js';

const handleLayout = {
  size: 16,
  fields: { Handle: [0, 8], Events: [8, 4], Status: [12, 4] },
} as const satisfies StructLayout;

/** AFD_POLL_HANDLE_INFO (phnt ntafd.h; ReactOS: AFD_HANDLE): one socket of a poll. */
export class AFD_POLL_HANDLE_INFO extends NativeStruct {
  /** Size and offsets, compared with phnt's header by a test. */
  static readonly layout = handleLayout;

  /** The base handle of the socket. */
  get Handle(): bigint {
    return this.memory.readU64(this.offset + handleLayout.fields.Handle[0]);
  }

  set Handle(value: bigint) {
    this.memory.writeU64(this.offset + handleLayout.fields.Handle[0], value);
  }

  /** Input: the AFD_POLL_* bits to wait for. Output: the bits that are true. */
  get Events(): number {
    return this.memory.readU32(this.offset + handleLayout.fields.Events[0]);
  }

  set Events(value: number) {
    this.memory.writeU32(this.offset + handleLayout.fields.Events[0], value);
  }

  /** Output: with AFD_POLL_CONNECT_FAIL the reason why the connect failed; otherwise 0. */
  get Status(): NTSTATUS {
    return this.memory.readU32(this.offset + handleLayout.fields.Status[0]);
  }

  set Status(value: NTSTATUS) {
    this.memory.writeU32(this.offset + handleLayout.fields.Status[0], value);
  }
}

const layout = {
  size: 32,
  fields: { Timeout: [0, 8], NumberOfHandles: [8, 4], Exclusive: [12, 4], Handles: [16, 16] },
} as const satisfies StructLayout;

/**
 * AFD_POLL_INFO (phnt ntafd.h): the input and the output of IOCTL_AFD_POLL, 16 + 16 n bytes for n
 * sockets. The output is compacted: it has only the sockets with an event, in the order of the
 * request. So read NumberOfHandles before Handles.
 */
export class AFD_POLL_INFO extends NativeStruct {
  /** Size and offsets of an AFD_POLL_INFO for one socket. */
  static readonly layout = layout;

  /** How many bytes the AFD_POLL_INFO of a poll over this many sockets has. */
  static byteLength(handles: number): number {
    return layout.fields.Handles[0] + handles * handleLayout.size;
  }

  /**
   * In units of 100 ns. Negative: relative to now. Positive: absolute time. INT64_MAX: no
   * time-out.
   */
  get Timeout(): bigint {
    return this.memory.readI64(this.offset + layout.fields.Timeout[0]);
  }

  set Timeout(value: bigint) {
    this.memory.writeI64(this.offset + layout.fields.Timeout[0], value);
  }

  /** Input: how many sockets to poll. Output: how many have an event; 0 after a time-out. */
  get NumberOfHandles(): number {
    return this.memory.readU32(this.offset + layout.fields.NumberOfHandles[0]);
  }

  set NumberOfHandles(value: number) {
    this.memory.writeU32(this.offset + layout.fields.NumberOfHandles[0], value);
  }

  /**
   * 1 ends every other exclusive poll of the socket. A BOOLEAN in phnt; written here as four
   * bytes.
   */
  get Exclusive(): number {
    return this.memory.readU32(this.offset + layout.fields.Exclusive[0]);
  }

  set Exclusive(value: number) {
    this.memory.writeU32(this.offset + layout.fields.Exclusive[0], value);
  }

  /** `Handles[index]`. */
  handle(index: number): AFD_POLL_HANDLE_INFO {
    const memory: NativeMemory = this.memory;
    return new AFD_POLL_HANDLE_INFO(memory, this.offset + AFD_POLL_INFO.byteLength(index));
  }
}
