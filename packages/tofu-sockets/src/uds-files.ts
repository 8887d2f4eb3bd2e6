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

// The files of Unix domain sockets. A server's bind makes the file, and a connect needs it. Only
// the server removes it, after it has closed its socket: otherwise a second server could bind to
// the path while the first one still listens. This module uses kernel32, because Node's fs does
// not see such a file on any Wine.

/** What is at a path. */
type FoundFile = 'nothing' | 'no directory' | 'socket' | 'other';

/** Runs a function with the address of a zero-terminated path in UTF-16. */
function withPath<T>(kernel: Kernel, path: string, use: (name: number) => T): T {
  const bytes = Buffer.from(`${path}\0`, 'utf16le');
  return borrow(kernel, bytes.byteLength, (memory) => {
    memory.write(0, bytes);
    return use(memory.address);
  });
}

/**
 * Finds out what is at a path. Under Wine GetFileAttributesW fails with ERROR_INVALID_PARAMETER
 * for a socket's file (measured on 8, 10 and 11), as for a pipe's or a device's. On Windows, and
 * in Wine's newer patches, a socket's file is a reparse point (by Wine's tests, unverified). Those
 * patches report no tag (0).
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

/** By error of GetFileAttributesW: what is at the path. For any other error there is some file. */
const refused: Readonly<Record<number, FoundFile>> = {
  [ERROR_FILE_NOT_FOUND]: 'nothing',
  [ERROR_PATH_NOT_FOUND]: 'no directory',
  [ERROR_INVALID_PARAMETER]: 'socket',
};

/** The tag of a reparse point; undefined if it cannot be read. */
function reparseTag(kernel: Kernel, name: number): number | undefined {
  return borrow(kernel, WIN32_FIND_DATAW.size, (data) => {
    const handle = kernel.FindFirstFileW(name, data.address);
    if (handle === INVALID_HANDLE_VALUE) return undefined;
    kernel.FindClose(handle);
    return data.readU32(WIN32_FIND_DATAW.fields.dwReserved0[0]);
  });
}

/** True if no file exists at the path, or not even its directory. */
export function isNothingAt(path: string, kernel: Kernel): boolean {
  return ['nothing', 'no directory'].includes(findFile(kernel, path));
}

/** Removes a file. @returns the error; undefined if the file is gone. */
function deleteFile(kernel: Kernel, path: string): Win32Error | undefined {
  return withPath(kernel, path, (name) => {
    if (kernel.DeleteFileW(name) !== 0) return undefined;
    const code = kernel.GetLastError();
    if (code === ERROR_FILE_NOT_FOUND || code === ERROR_PATH_NOT_FOUND) return undefined;
    // The call has failed also if the code is 0.
    return new Win32Error('DeleteFileW', code);
  });
}

/** What is at a path: nothing, a file, or not even the directory. */
export type UDSPathState = 'free' | 'taken' | 'no-directory';

/**
 * What is at a path to which a server wants to bind. `taken` is the file of a running server or of
 * one that ended; `SocketCreator.removeStale` distinguishes the two.
 *
 * @throws {SktError} `ERR_ADDRESS` only if the string cannot be the path of a socket, for example
 *   because it is too long.
 * @throws {HostError} if the host is not NT.
 */
export function udsPathState(path: string): UDSPathState {
  return udsPathStateOn(ntKernel, path);
}

/** As {@link udsPathState}, on a given kernel. */
export function udsPathStateOn(kernel: Kernel, path: string): UDSPathState {
  const found = findFile(kernel, new UDSServerAddress(path).path);
  if (found === 'no directory') return 'no-directory';
  return found === 'nothing' ? 'free' : 'taken';
}

/** @throws {SktError} `ERR_UDS_FILE`, with the reason, if a server cannot be bound to the path. */
export function requireFreePath(path: string, kernel: Kernel): void {
  const state = udsPathStateOn(kernel, path);
  if (state === 'free') return;
  const why =
    state === 'taken'
      ? 'a file exists there, of a server that runs or of one that ended without close. ' +
        'SocketCreator.removeStale removes the latter'
      : 'its directory does not exist. Create it first';
  throw new SktError('ERR_UDS_FILE', `No server can listen at ${showValue(path)}: ${why}.`);
}

/**
 * A random name practically never exists already, so repeated failures are due to the directory.
 */
const nameTries = 8;

/**
 * A path for a socket in the system's directory for temporary files. There is no file at the path
 * yet, and its name is random, so that no other program will use it.
 *
 * @throws {SktError} `ERR_ADDRESS` if the directory's name is too long for a path of 107 bytes;
 *   `ERR_UDS_FILE` if the directory cannot be accessed.
 * @throws {HostError} if the host is not NT.
 */
export function temporaryUDSPath(): string {
  return temporaryUDSPathOn(ntKernel);
}

/** As {@link temporaryUDSPath}, on a given kernel. */
export function temporaryUDSPathOn(kernel: Kernel): string {
  const directory = tmpdir();
  for (let count = 0; count < nameTries; count += 1) {
    const path = win32.join(directory, `tofu-${randomBytes(8).toString('hex')}.sock`);
    if (udsPathStateOn(kernel, path) !== 'taken') return path;
  }
  throw new SktError(
    'ERR_UDS_FILE',
    `The directory for temporary files, ${showValue(directory)}, cannot be accessed: set TEMP to ` +
      'another directory.',
  );
}

const owned = new WeakMap<object, { readonly kernel: Kernel; readonly path: string }>();

/** Makes {@link removeOwnFile} remove the file at `path` when this server closes. */
export function ownFile(server: object, path: string, kernel: Kernel): void {
  // Absolute, because the working directory may have changed when the server closes.
  owned.set(server, { kernel, path: win32.resolve(path) });
}

/** Removes the file of a server that was just closed. Does nothing if the file is already gone. */
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
 * Removes the file of a server that has ended.
 *
 * @throws {SktError} `ERR_UDS_FILE` if the file is not a socket's; it is not removed then.
 * @throws {Win32Error} if the file cannot be removed.
 */
export function removeStaleFile(path: string, kernel: Kernel): void {
  if (findFile(kernel, path) !== 'socket') {
    throw new SktError(
      'ERR_UDS_FILE',
      `${showValue(path)} is not the file of a socket, so it was not removed: check the path.`,
    );
  }
  const error = deleteFile(kernel, path);
  if (error !== undefined) throw error;
}
