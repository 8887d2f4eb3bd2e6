import { tmpdir } from 'node:os';
import { win32 } from 'node:path';
import { ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND } from 'ntdllx/kernel32';
import type { TcpSocket } from './tcp-socket.js';

/** What a file is. A bind of AF_UNIX makes a `socket`; a `link` leads nowhere, and is one on Windows alone. */
export type FileKind = 'file' | 'directory' | 'socket' | 'link';

/** A file, and the socket that is bound to it: none once that is closed. */
export interface SimFile {
  readonly kind: FileKind;
  owner: TcpSocket | undefined;
}

const key = (path: string) => win32.resolve(path).toLowerCase();

/**
 * The names of the simulated host's files, in any case, as on NTFS. At first there are the roots of all
 * drives and the directory for temporary files.
 */
export class Files {
  readonly #files = new Map<string, SimFile>();

  constructor() {
    this.#files.set(key(tmpdir()), { kind: 'directory', owner: undefined });
  }

  find(path: string): SimFile | undefined {
    const place = key(path);
    if (win32.parse(place).root === place) return { kind: 'directory', owner: undefined };
    return this.#files.get(place);
  }

  /** ERROR_FILE_NOT_FOUND, or ERROR_PATH_NOT_FOUND where there is not even the directory. */
  errorOfMissing(path: string): number {
    const directory = this.find(win32.dirname(win32.resolve(path)));
    return directory?.kind === 'directory' ? ERROR_FILE_NOT_FOUND : ERROR_PATH_NOT_FOUND;
  }

  /** Makes a file where there is none. */
  make(path: string, kind: FileKind, owner?: TcpSocket): void {
    this.#files.set(key(path), { kind, owner });
  }

  remove(path: string): void {
    this.#files.delete(key(path));
  }
}
