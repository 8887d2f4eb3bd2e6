/** Why {@link WinnodeError} was thrown; stable, for programs to branch on. */
export type WinnodeErrorCode =
  | 'ERR_WINE_MISSING'
  | 'ERR_WINE_TOO_OLD'
  | 'ERR_WINDOWS_NODE_MISSING'
  | 'ERR_FETCH'
  | 'ERR_PREFIX_REFUSED'
  | 'ERR_PREFIX_BROKEN'
  | 'ERR_PREFIX_FAILED'
  | 'ERR_DISK_FULL'
  | 'ERR_NOT_WRITABLE'
  | 'ERR_SYSTEM'
  | 'ERR_INTERRUPTED'
  | 'ERR_LOCK'
  | 'ERR_WINESERVER'
  | 'ERR_START_LIMIT'
  | 'ERR_USAGE'
  | 'ERR_DIRECTORY'
  | 'ERR_LAUNCH';

/** An error of winnode itself: what failed in `message`, and what to do in `hint`. */
export class WinnodeError extends Error {
  /** Stable: programs may branch on it. */
  readonly code: WinnodeErrorCode;
  /** What to do about it, in one or more lines: a command to type, or a setting to change. */
  readonly hint: string;

  constructor(code: WinnodeErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WinnodeError';
    this.code = code;
    this.hint = hint;
  }
}

const elsewhere = 'set WINNODE_CACHE to a directory';

/** The limit that was reached, by the system's error code. */
const limits: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EMFILE: ['too many open files', 'Raise the limit of open files: ulimit -n.'],
  ENFILE: ['too many open files on this machine', 'End programs that have many open files.'],
  EAGAIN: ['too many processes', 'Raise the limit of processes of this user: ulimit -u.'],
  ENOMEM: ['too little memory', 'Raise the memory limit: ulimit -v, or that of the container.'],
  EFBIG: ['the file would be too large', 'Raise the limit of the file size: ulimit -f.'],
};

/** The message for a system error that a user can act on, or undefined. */
function explain(code: string | undefined, path: string): WinnodeError | undefined {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new WinnodeError(
        'ERR_DISK_FULL',
        `${path} cannot be written: the disk is full.`,
        `Free some space there, or ${elsewhere} on another disk.`,
      );
    case 'EROFS':
      return new WinnodeError(
        'ERR_NOT_WRITABLE',
        `${path} cannot be written: its file system is read-only.`,
        `Wine writes to the prefix in every run. Mount it for writing, or ${elsewhere} of your own.`,
      );
    case 'EACCES':
    case 'EPERM':
      return new WinnodeError(
        'ERR_NOT_WRITABLE',
        `${path} cannot be written: permission denied.`,
        `Probably it belongs to another user. Then ${elsewhere} of your own.`,
      );
    case 'EEXIST':
    case 'ENOTDIR':
    case 'ENOENT':
    case 'EIO':
      return new WinnodeError(
        'ERR_NOT_WRITABLE',
        `${path} cannot be written: ${code}.`,
        `Probably a part of the path is a file, or does not exist. Check it, or ${elsewhere} of your own.`,
      );
    default:
      return undefined;
  }
}

/** Wraps a system error: one line that names the failed operation, in Node's words. */
function ofSystem(cause: NodeJS.ErrnoException): WinnodeError | undefined {
  const { code, message, syscall } = cause;
  if (code === undefined || syscall === undefined) return undefined;
  const [what, hint] = limits[code] ?? [];
  const said = what === undefined ? message : `${message} (${what})`;
  return new WinnodeError(
    'ERR_SYSTEM',
    `A system call of winnode failed: ${said}.`,
    hint ?? 'Nothing was changed. Remove the cause, then run winnode again.',
  );
}

/**
 * The typed form of a system error. `path`, or the path in the error, is the file that could not
 * be read or written. Any other error is returned unchanged.
 */
export function explained(cause: unknown, path?: string): unknown {
  if (!(cause instanceof Error) || cause instanceof WinnodeError) return cause;
  const { code, path: where, syscall = '' } = cause as NodeJS.ErrnoException;
  const isSpawn = syscall.startsWith('spawn');
  const known = isSpawn || code === undefined || code in limits;
  const error =
    (known ? undefined : explain(code, path ?? where ?? 'The directory of Wine prefixes')) ??
    ofSystem(cause);
  if (error === undefined) return cause;
  error.cause = cause;
  return error;
}
