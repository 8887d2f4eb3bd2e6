import type { NativeMemory } from '../viewed-memory.js';
import type { StructLayout } from './native-struct.js';

const unicodeString = {
  size: 16,
  fields: { Length: [0, 2], MaximumLength: [2, 2], Buffer: [8, 8] },
} as const satisfies StructLayout;

const layout = {
  size: 48,
  fields: {
    Length: [0, 4],
    RootDirectory: [8, 8],
    ObjectName: [16, 8],
    Attributes: [24, 4],
    SecurityDescriptor: [32, 8],
    SecurityQualityOfService: [40, 8],
  },
} as const satisfies StructLayout;

/**
 * UNICODE_STRING (winternl.h): a length in bytes, and an address. It needs no terminating zero.
 */
export const UNICODE_STRING = { layout: unicodeString };

/** OBJECT_ATTRIBUTES (winternl.h): the name of a kernel object, and options for opening it. */
export const OBJECT_ATTRIBUTES = {
  layout,

  /** How many bytes {@link OBJECT_ATTRIBUTES.write} needs for this name. */
  byteLength(name: string): number {
    return layout.size + unicodeString.size + name.length * 2;
  },

  /**
   * Writes the structure, its UNICODE_STRING and the name to the start of a block. The caller must
   * not free the block before the call that takes its address has returned.
   */
  write(memory: NativeMemory, name: string, attributes: number): void {
    const { fields } = layout;
    const string = layout.size;
    const characters = string + unicodeString.size;
    memory.write(0, new Uint8Array(characters));
    memory.writeU32(fields.Length[0], layout.size);
    memory.writeU64(fields.ObjectName[0], BigInt(memory.address + string));
    memory.writeU32(fields.Attributes[0], attributes);
    memory.writeU16(string + unicodeString.fields.Length[0], name.length * 2);
    memory.writeU16(string + unicodeString.fields.MaximumLength[0], name.length * 2);
    memory.writeU64(string + unicodeString.fields.Buffer[0], BigInt(memory.address + characters));
    memory.write(characters, Buffer.from(name, 'utf16le'));
  },
} as const;
