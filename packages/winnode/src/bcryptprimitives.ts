/**
 * `bcryptprimitives.dll` for a Wine that has none (Wine 8; Wine 10 brings its own).
 *
 * Programs written in Rust, rolldown and lightningcss among them, import one function from it:
 * `ProcessPrng(buffer, bytes)`. advapi32 has the same function under the name
 * `SystemFunction036` (RtlGenRandom), so the whole library is one forwarded export and no code.
 */
export function makeBcryptPrimitives(): Buffer {
  const fileAlignment = 0x200;
  const sectionAlignment = 0x1000;
  const sectionRva = 0x1000;
  const dll = Buffer.alloc(2 * fileAlignment);
  const u16 = (offset: number, value: number) => dll.writeUInt16LE(value, offset);
  const u32 = (offset: number, value: number) => dll.writeUInt32LE(value, offset);

  // MZ header, then at 0x40 the PE signature and the COFF header.
  dll.write('MZ', 0);
  u32(0x3c, 0x40);
  dll.write('PE\0\0', 0x40);
  u16(0x44, 0x8664); // Machine: x64
  u16(0x46, 1); // NumberOfSections
  u16(0x54, 0xf0); // SizeOfOptionalHeader
  u16(0x56, 0x2022); // EXECUTABLE_IMAGE | LARGE_ADDRESS_AWARE | DLL

  // The optional header (PE32+), at 0x58.
  u16(0x58, 0x20b);
  u32(0x60, fileAlignment); // SizeOfInitializedData
  dll.writeBigUInt64LE(0x1_8000_0000n, 0x70); // ImageBase
  u32(0x78, sectionAlignment);
  u32(0x7c, fileAlignment);
  u16(0x80, 6); // MajorOperatingSystemVersion
  u16(0x88, 6); // MajorSubsystemVersion
  u32(0x90, sectionRva + sectionAlignment); // SizeOfImage
  u32(0x94, fileAlignment); // SizeOfHeaders
  u16(0x9c, 3); // Subsystem: console
  u16(0x9e, 0x160); // HIGH_ENTROPY_VA | DYNAMIC_BASE | NX_COMPAT
  dll.writeBigUInt64LE(0x10_0000n, 0xa0); // SizeOfStackReserve
  dll.writeBigUInt64LE(0x1000n, 0xa8);
  dll.writeBigUInt64LE(0x10_0000n, 0xb0); // SizeOfHeapReserve
  dll.writeBigUInt64LE(0x1000n, 0xb8);
  u32(0xc4, 16); // NumberOfRvaAndSizes; entry 0, at 0xc8, is the export directory
  u32(0xc8, sectionRva);
  u32(0xcc, 0x80);

  // The only section header, at 0x148.
  dll.write('.edata', 0x148);
  u32(0x150, fileAlignment); // VirtualSize
  u32(0x154, sectionRva);
  u32(0x158, fileAlignment); // SizeOfRawData
  u32(0x15c, fileAlignment); // PointerToRawData
  u32(0x16c, 0x4000_0040); // INITIALIZED_DATA | READ

  // The export directory: one name, one ordinal, one forwarder string inside the directory.
  const at = (offset: number) => fileAlignment + offset;
  const rva = (offset: number) => sectionRva + offset;
  u32(at(0x0c), rva(0x34)); // Name
  u32(at(0x10), 1); // Base
  u32(at(0x14), 1); // NumberOfFunctions
  u32(at(0x18), 1); // NumberOfNames
  u32(at(0x1c), rva(0x28)); // AddressOfFunctions
  u32(at(0x20), rva(0x2c)); // AddressOfNames
  u32(at(0x24), rva(0x30)); // AddressOfNameOrdinals
  u32(at(0x28), rva(0x56)); // an address inside the export directory means: forwarded
  u32(at(0x2c), rva(0x49));
  dll.write('bcryptprimitives.dll\0', at(0x34), 'latin1');
  dll.write('ProcessPrng\0', at(0x49), 'latin1');
  dll.write('advapi32.SystemFunction036\0', at(0x56), 'latin1');
  return dll;
}
