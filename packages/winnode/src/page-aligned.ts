import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WindowsNode } from './windows-node.js';

const page = 0x1000;
const pe32Plus = 0x20b;
/** Of the data directories those whose contents are found by their place in the file. */
const certificates = 4;
const debugDirectory = 6;

/**
 * A program with the same sections at the same addresses, each of which begins at a whole page of
 * the file; undefined where they do already, or the file has a layout that is not expected.
 *
 * Wine maps a section from the file only if it begins at a whole page. Otherwise it reads it into
 * memory: of node.exe 84 MB for each process, which took half of the time of a start. The signature
 * and the place of debug symbols, of which Node has none, are left out.
 */
export function pageAligned(exe: Buffer): Buffer | undefined {
  if (exe.length < 0x40) return undefined;
  const signature = exe.readUInt32LE(0x3c);
  const isProgram = exe.toString('latin1', signature, signature + 4) === 'PE\0\0';
  // The headers after it, up to the last data directory.
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
  // Whatever else follows the sections is found by its place, too.
  const isAll = exe.length - end - signatureBytes < 8;
  return isAll ? Buffer.concat(parts) : undefined;
}

const copyIn = (prefix: string, { version }: WindowsNode) =>
  join(prefix, '.winnode', `node-${version}`, 'node.exe');

/** Puts the page-aligned copy of Windows Node into a prefix that is being made, if there is one. */
export function placeNode(prefix: string, node: WindowsNode): void {
  const aligned = pageAligned(readFileSync(node.exe));
  if (aligned === undefined) return;
  const copy = copyIn(prefix, node);
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, aligned);
}

/** The Windows Node to start in a prefix: the page-aligned copy where it has one. */
export function nodeIn(prefix: string, node: WindowsNode): string {
  const copy = copyIn(prefix, node);
  return existsSync(copy) ? copy : node.exe;
}
