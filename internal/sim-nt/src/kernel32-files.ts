import type { Kernel } from 'ntdllx';
import {
  ERROR_INVALID_PARAMETER,
  FILE_ATTRIBUTE_ARCHIVE,
  FILE_ATTRIBUTE_DIRECTORY,
  FILE_ATTRIBUTE_REPARSE_POINT,
  INVALID_FILE_ATTRIBUTES,
  INVALID_HANDLE_VALUE,
  IO_REPARSE_TAG_AF_UNIX,
  WIN32_FIND_DATAW,
} from 'ntdllx/kernel32';
import type { SimFile } from './files.js';
import { KernelObject } from './objects.js';
import type { SimCore } from './sim-core.js';

/** DeleteFileW of a directory (winerror.h; measured on Wine 8). */
const ERROR_ACCESS_DENIED = 5;
/** FindClose of a handle that is not a search (winerror.h). */
const ERROR_INVALID_HANDLE = 6;
/**
 * DeleteFileW of a socket's file on a Wine that cannot remove it (winerror.h; measured on Wine 8
 * and 10).
 */
const ERROR_NO_SUCH_DEVICE = 433;

/** The tag of a symbolic link (winnt.h). */
const IO_REPARSE_TAG_SYMLINK = 0xa000_000c;

/** The object that FindFirstFileW opens. */
class Search extends KernelObject {}

/** The functions of kernel32 that inspect and remove files. */
export function kernel32Files(core: SimCore) {
  const { memory, files } = core;

  function fail(code: number): void {
    core.lastError = code;
  }

  /** Reads a zero-terminated path in UTF-16. */
  function readPath(address: number): string {
    const block = memory.blockAt(address);
    const room = block === undefined ? 2 : block.address + block.byteLength - address;
    if (!memory.locate(address, room, 'path')) return '';
    const { view, at } = memory;
    let path = '';
    for (let offset = 0; offset + 1 < room; offset += 2) {
      const unit = view.getUint16(at + offset, true);
      if (unit === 0) return path;
      path += String.fromCharCode(unit);
    }
    core.violate('A path has no terminating zero.');
    return path;
  }

  /** Finds the file of a path; sets the last error if there is none. */
  function find(address: number): SimFile | undefined {
    const path = readPath(address);
    const file = files.find(path);
    if (file === undefined) fail(files.errorOfMissing(path));
    return file;
  }

  function attributesOf({ kind }: SimFile): number {
    if (kind === 'directory') return FILE_ATTRIBUTE_DIRECTORY;
    return FILE_ATTRIBUTE_ARCHIVE | (tagOf(kind) === 0 ? 0 : FILE_ATTRIBUTE_REPARSE_POINT);
  }

  function tagOf(kind: SimFile['kind']): number {
    if (core.profile.socketFile !== 'reparse point') return 0;
    if (kind === 'socket') return IO_REPARSE_TAG_AF_UNIX;
    return kind === 'link' ? IO_REPARSE_TAG_SYMLINK : 0;
  }

  return {
    GetLastError: () => core.lastError,

    GetFileAttributesW(lpFileName) {
      core.enter('GetFileAttributesW');
      const file = find(lpFileName);
      if (file === undefined) return INVALID_FILE_ATTRIBUTES;
      if (file.kind === 'socket' && core.profile.socketFile !== 'reparse point') {
        fail(ERROR_INVALID_PARAMETER);
        return INVALID_FILE_ATTRIBUTES;
      }
      return attributesOf(file);
    },

    DeleteFileW(lpFileName) {
      core.enter('DeleteFileW');
      const file = find(lpFileName);
      if (file === undefined) return 0;
      if (file.kind === 'directory') fail(ERROR_ACCESS_DENIED);
      else if (file.kind === 'socket' && core.profile.socketFile === 'stays') {
        fail(ERROR_NO_SUCH_DEVICE);
      } else {
        files.remove(readPath(lpFileName));
        return 1;
      }
      return 0;
    },

    FindFirstFileW(lpFileName, lpFindFileData) {
      core.enter('FindFirstFileW');
      const file = find(lpFileName);
      if (file === undefined) return INVALID_HANDLE_VALUE;
      const { size, fields } = WIN32_FIND_DATAW;
      if (!memory.locate(lpFindFileData, size, 'WIN32_FIND_DATAW')) return INVALID_HANDLE_VALUE;
      const { view, at } = memory;
      view.setUint32(at + fields.dwFileAttributes[0], attributesOf(file), true);
      view.setUint32(at + fields.dwReserved0[0], tagOf(file.kind), true);
      return core.handles.open(new Search());
    },

    FindClose(hFindFile) {
      core.enter('FindClose');
      if (core.handles.get(hFindFile) instanceof Search) {
        core.handles.close(hFindFile);
        return 1;
      }
      fail(ERROR_INVALID_HANDLE);
      return 0;
    },
  } satisfies Partial<Kernel>;
}
