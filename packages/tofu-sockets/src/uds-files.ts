import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { win32 } from 'node:path';
import { type Kernel, ntKernel, showValue, Win32Error } from 'ntdllx';
import {
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_PARAMETER,
  ERROR_PATH_NOT_FOUND,
  FILE_ATTRIBUTE_DIRECTORY,
  FILE_ATTRIBUTE_REPARSE_POINT,
  INVALID_FILE_ATTRIBUTES,
  INVALID_HANDLE_VALUE,
  IO_REPARSE_TAG_AF_UNIX,
  WIN32_FIND_DATAW,
} from 'ntdllx/kernel32';
import { UDSServerAddress } from './address.js';
import { borrow } from './borrow.js';
import { SktError } from './errors.js';

// The files of Unix domain sockets. A server's bind makes the file, a connect needs it, and only the
// server's owner removes it: after its close, so that no second server takes the name of one that
// still listens. The kernel is asked: Node's fs does not see such a file on any Wine.

/** What is at a path. */
type FoundFile = 'nothing' | 'no directory' | 'socket' | 'other';

/** Lends a call the address of a path in UTF-16, with its zero. */
function withPath<T>(kernel: Kernel, path: string, use: (name: number) => T): T {
  const bytes = Buffer.from(`${path}\0`, 'utf16le');
  return borrow(kernel, bytes.byteLength, (memory) => {
    memory.write(0, bytes);
    return use(memory.address);
  });
}

/**
 * Looks at a path. Under Wine GetFileAttributesW says ERROR_INVALID_PARAMETER of a socket's file
 * (measured on 8, 10 and 11), as of a pipe's or a device's. On Windows, and in Wine's newer patches, it is
 * a reparse point (by Wine's tests, unverified); those patches do not say with which tag.
 */
function findFile(kernel: Kernel, path: string): FoundFile {
  return withPath(kernel, path, (name) => {
    const attributes = kernel.GetFileAttributesW(name);
    if (attributes === INVALID_FILE_ATTRIBUTES) return refused[kernel.GetLastError()] ?? 'other';
    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) === 0) return 'other';
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) !== 0) return 'other';
    const tag = reparseTag(kernel, name);
    return tag === IO_REPARSE_TAG_AF_UNIX || tag === 0 ? 'socket' : 'other';
  });
}

/** What GetFileAttributesW means by an error. What cannot be looked at for another reason is there. */
const refused: Readonly<Record<number, FoundFile>> = {
  [ERROR_FILE_NOT_FOUND]: 'nothing',
  [ERROR_PATH_NOT_FOUND]: 'no directory',
  [ERROR_INVALID_PARAMETER]: 'socket',
};

/** The tag of a reparse point; undefined where it cannot be read. */
function reparseTag(kernel: Kernel, name: number): number | undefined {
  return borrow(kernel, WIN32_FIND_DATAW.size, (data) => {
    const handle = kernel.FindFirstFileW(name, data.address);
    if (handle === INVALID_HANDLE_VALUE) return undefined;
    kernel.FindClose(handle);
    return data.readU32(WIN32_FIND_DATAW.fields.dwReserved0[0]);
  });
}

/** True where a path leads to no file, or through a directory that does not exist. */
export function isNothingAt(path: string, kernel: Kernel): boolean {
  return ['nothing', 'no directory'].includes(findFile(kernel, path));
}

/** Removes a file. @returns why it is still there; undefined where it is gone. */
function deleteFile(kernel: Kernel, path: string): Win32Error | undefined {
  return withPath(kernel, path, (name) => {
    if (kernel.DeleteFileW(name) !== 0) return undefined;
    const code = kernel.GetLastError();
    if (code === ERROR_FILE_NOT_FOUND || code === ERROR_PATH_NOT_FOUND) return undefined;
    // 0, too: a call that failed has failed, also where it leaves no code.
    return new Win32Error('DeleteFileW', code);
  });
}

/** What a server finds at a path: nothing, some file, or not even the directory. */
export type UDSPathState = 'free' | 'taken' | 'no-directory';

/**
 * Says what a server that is about to bind this path will meet. `taken` is either a running server or a
 * file that an ended server left; `SocketCreator.removeStale` distinguishes the two.
 *
 * @throws {SktError} `ERR_ADDRESS` if the string cannot be the path of a socket, for example because it
 *   is too long. What lies at the path is never the reason.
 * @throws {HostError} where there is no NT.
 */
export function udsPathState(path: string): UDSPathState {
  return udsPathStateOn(ntKernel, path);
}

/** As {@link udsPathState}, among a kernel's files. */
export function udsPathStateOn(kernel: Kernel, path: string): UDSPathState {
  const found = findFile(kernel, new UDSServerAddress(path).path);
  if (found === 'no directory') return 'no-directory';
  return found === 'nothing' ? 'free' : 'taken';
}

/** @throws {SktError} `ERR_UDS_FILE` when a server cannot be bound there, and why. */
export function requireFreePath(path: string, kernel: Kernel): void {
  const state = udsPathStateOn(kernel, path);
  if (state === 'free') return;
  const why =
    state === 'taken'
      ? 'there is a file: a server that runs, or one left behind, which removeStale removes'
      : 'its directory does not exist: make it first';
  throw new SktError('ERR_UDS_FILE', `No server can listen at ${showValue(path)}: ${why}.`);
}

/** Chance alone takes a name twice once in many lifetimes: what fails so often is the directory. */
const nameTries = 8;

/**
 * A path for a socket in the system's directory for temporary files; nothing is there yet. Long
 * enough at random that no other program comes to it.
 *
 * @throws {SktError} `ERR_ADDRESS` when that directory's name leaves no room within 107 bytes;
 *   `ERR_UDS_FILE` when it cannot be looked into.
 * @throws {HostError} where there is no NT.
 */
export function temporaryUDSPath(): string {
  return temporaryUDSPathOn(ntKernel);
}

/** As {@link temporaryUDSPath}, among a kernel's files. */
export function temporaryUDSPathOn(kernel: Kernel): string {
  const directory = tmpdir();
  for (let count = 0; count < nameTries; count += 1) {
    const path = win32.join(directory, `tofu-${randomBytes(8).toString('hex')}.sock`);
    if (udsPathStateOn(kernel, path) !== 'taken') return path;
  }
  throw new SktError(
    'ERR_UDS_FILE',
    `The directory for temporary files, ${showValue(directory)}, cannot be looked into: set TEMP ` +
      'to one that can.',
  );
}

const owned = new WeakMap<object, { readonly kernel: Kernel; readonly path: string }>();

/** From now on the file at `path` is this server's to remove. */
export function ownFile(server: object, path: string, kernel: Kernel): void {
  // The working directory may be another one when the server closes.
  owned.set(server, { kernel, path: win32.resolve(path) });
}

/** Removes the file of a server that was just closed; that it is gone already is fine. */
export function removeOwnFile(server: object): void {
  const own = owned.get(server);
  if (own === undefined) return;
  owned.delete(server);
  const cause = deleteFile(own.kernel, own.path);
  if (cause === undefined) return;
  throw new SktError(
    'ERR_UDS_FILE',
    `The socket is closed, but its file stays at ${showValue(own.path)}: ${cause.message} Remove it.`,
    { cause },
  );
}

/**
 * @throws {SktError} `ERR_UDS_FILE` where the file cannot be a socket's: it is not ours to remove.
 * @throws {Win32Error} where it cannot be removed.
 */
export function removeStaleFile(path: string, kernel: Kernel): void {
  if (findFile(kernel, path) !== 'socket') {
    throw new SktError(
      'ERR_UDS_FILE',
      `${showValue(path)} is not the file of a socket, so it was not removed.`,
    );
  }
  const error = deleteFile(kernel, path);
  if (error !== undefined) throw error;
}
