import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WindowsNode } from './windows-node.js';

const page = 0x1000;
const pe32Plus = 0x20b;
/** The indexes of the data directories whose entries are file offsets, not addresses. */
const certificates = 4;
const debugDirectory = 6;

/**
 * Returns a program with the same sections at the same addresses, in which each section begins at
 * a page boundary of the file. Returns undefined if the sections are already aligned, or if the
 * file has an unexpected layout.
 *
 * Wine maps a section from the file only if the section begins at a page boundary; otherwise Wine
 * reads it into memory. For node.exe that is 84 MB in each process, which took half of the start
 * time. The signature and the entry for debug symbols are dropped; Node has no debug symbols.
 */
export function pageAligned(exe: Buffer): Buffer | undefined {
  if (exe.length < 0x40) return undefined;
  const signature = exe.readUInt32LE(0x3c);
  const isProgram = exe.toString('latin1', signature, signature + 4) === 'PE\0\0';
  // The headers after the signature, up to the last data directory.
  if (!isProgram || exe.length < signature + 24 + 240) return undefined;
  const optional = signature + 24;
  const headerBytes = exe.readUInt32LE(optional + 60);
  const isExpected =
    exe.readUInt16LE(optional) === pe32Plus &&
    exe.readUInt32LE(optional + 32) % page === 0 &&
    exe.readUInt32LE(optional + 36) < page &&
    headerBytes <= page;
  if (!isExpected) return undefined;

  const header = Buffer.alloc(page);
  exe.copy(header, 0, 0, headerBytes);
  header.writeUInt32LE(page, optional + 36);
  header.writeUInt32LE(page, optional + 60);
  const directory = (index: number) => optional + 112 + 8 * index;
  const signatureBytes = exe.readUInt32LE(directory(certificates) + 4);
  for (const index of [certificates, debugDirectory]) {
    header.fill(0, directory(index), directory(index) + 8);
  }

  const parts = [header];
  let [offset, end] = [page, headerBytes];
  const firstRow = optional + exe.readUInt16LE(signature + 20);
  const rows = exe.readUInt16LE(signature + 6);
  for (let row = firstRow; row < firstRow + 40 * rows; row += 40) {
    const [byteLength, start] = [exe.readUInt32LE(row + 16), exe.readUInt32LE(row + 20)];
    if (byteLength === 0) continue;
    const part = Buffer.alloc(Math.ceil(byteLength / page) * page);
    exe.copy(part, 0, start, start + byteLength);
    header.writeUInt32LE(part.length, row + 16);
    header.writeUInt32LE(offset, row + 20);
    parts.push(part);
    offset += part.length;
    end = Math.max(end, start + byteLength);
  }
  // If the file has other data after the sections, something refers to it by its file offset.
  const isAll = exe.length - end - signatureBytes < 8;
  return isAll ? Buffer.concat(parts) : undefined;
}

const copyIn = (prefix: string, { version }: WindowsNode) =>
  join(prefix, '.winnode', `node-${version}`, 'node.exe');

/**
 * Writes the page-aligned copy of Windows Node into a prefix that is being created, if one is
 * needed.
 */
export function placeNode(prefix: string, node: WindowsNode): void {
  const aligned = pageAligned(readFileSync(node.exe));
  if (aligned === undefined) return;
  const copy = copyIn(prefix, node);
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, aligned);
}

/** The Windows Node to start in a prefix: the page-aligned copy if the prefix has one. */
export function nodeIn(prefix: string, node: WindowsNode): string {
  const copy = copyIn(prefix, node);
  return existsSync(copy) ? copy : node.exe;
}
