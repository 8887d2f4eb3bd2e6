import { tmpdir } from 'node:os';
import { win32 } from 'node:path';
import { ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND } from 'ntdllx/kernel32';
import type { TcpSocket } from './tcp-socket.js';

/**
 * The kind of a file. A bind of AF_UNIX creates a `socket`. A `link` is a broken symbolic link,
 * and only Windows reports it as a link.
 */
export type FileKind = 'file' | 'directory' | 'socket' | 'link';

/** A file, and the socket that is bound to it, until that socket is closed. */
export interface SimFile {
  readonly kind: FileKind;
  owner: TcpSocket | undefined;
}

const key = (path: string) => win32.resolve(path).toLowerCase();

/**
 * The files of the simulated host. Names are not case-sensitive, as on NTFS. At first it has the
 * roots of all drives and the directory for temporary files.
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

  /** ERROR_FILE_NOT_FOUND, or ERROR_PATH_NOT_FOUND if the directory does not exist either. */
  errorOfMissing(path: string): number {
    const directory = this.find(win32.dirname(win32.resolve(path)));
    return directory?.kind === 'directory' ? ERROR_FILE_NOT_FOUND : ERROR_PATH_NOT_FOUND;
  }

  /** Creates a file. */
  make(path: string, kind: FileKind, owner?: TcpSocket): void {
    this.#files.set(key(path), { kind, owner });
  }

  remove(path: string): void {
    this.#files.delete(key(path));
  }
}
