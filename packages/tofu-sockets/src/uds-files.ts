import { randomBytes } from 'node:crypto';
import { lstatSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { showValue } from 'ntdllx';
import { UDSServerAddress } from './address.js';
import { SktError } from './errors.js';

// The files of Unix domain sockets. A server's bind makes the file, a connect needs it, and nobody
// but the server's owner removes it: after its close, so that no second server takes the name of one
// that still listens.

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    // Something that cannot be looked at is there: Windows says so of socket files (unverified).
    return codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR';
  }
}

/** What a server finds at a path: nothing, some file, or not even the directory. */
export type UDSPathState = 'free' | 'taken' | 'no-directory';

/**
 * Looks at a path as a server would find it. `taken` may be a server that runs or what one left
 * behind: `SocketCreator.removeStale` tells.
 *
 * @throws {SktError} `ERR_ADDRESS` for what is no path of a socket.
 */
export function udsPathState(path: string): UDSPathState {
  const place = resolve(new UDSServerAddress(path).path);
  if (isThere(place)) return 'taken';
  return isThere(dirname(place)) ? 'free' : 'no-directory';
}

/** @throws {SktError} `ERR_UDS_FILE` when a server cannot be bound there, and why. */
export function requireFreePath(path: string): void {
  const state = udsPathState(path);
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
 * enough at random that nobody else comes to it.
 *
 * @throws {SktError} `ERR_ADDRESS` when that directory's name leaves no room within 107 bytes;
 *   `ERR_UDS_FILE` when it cannot be looked into.
 */
export function temporaryUDSPath(): string {
  const directory = tmpdir();
  for (let count = 0; count < nameTries; count += 1) {
    const path = join(directory, `tofu-${randomBytes(8).toString('hex')}.sock`);
    if (udsPathState(path) !== 'taken') return path;
  }
  throw new SktError(
    'ERR_UDS_FILE',
    `The directory for temporary files, ${showValue(directory)}, cannot be looked into: set ` +
      `${process.platform === 'win32' ? 'TEMP' : 'TMPDIR'} to one that can.`,
  );
}

const owned = new WeakMap<object, string>();

/** From now on the file at `path` is this server's to remove. */
export function ownFile(server: object, path: string): void {
  // The working directory may be another one when the server closes.
  owned.set(server, resolve(path));
}

/** Removes the file of a server that was just closed; that it is gone already is fine. */
export function removeOwnFile(server: object): void {
  const path = owned.get(server);
  if (path === undefined) return;
  owned.delete(server);
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw new SktError(
      'ERR_UDS_FILE',
      `The socket is closed, but its file stays at ${showValue(path)}: ${codeOf(error)}. Remove it.`,
      { cause: error },
    );
  }
}

/** @throws {SktError} `ERR_UDS_FILE` where the file cannot be a socket's: it is not ours to remove. */
export function removeStaleFile(path: string): void {
  if (!couldBeSocket(path)) {
    throw new SktError('ERR_UDS_FILE', `${showValue(path)} is no socket's file: it is left alone.`);
  }
  unlinkSync(path);
}

function couldBeSocket(path: string): boolean {
  try {
    const stats = lstatSync(path);
    // On Windows a socket's file is an empty one of its own kind, which Node does not name.
    const isEmptyFile = stats.isFile() && stats.size === 0;
    return stats.isSocket() || (process.platform === 'win32' && isEmptyFile);
  } catch (error) {
    return process.platform === 'win32' && codeOf(error) !== 'ENOENT';
  }
}
