import { ntStatusAdvice, win32ErrorAdvice, wsaErrorAdvice } from './advice.js';
import { type NodeErrorName, nodeErrorName } from './node-errors.js';
import { isNtSuccess, type NTSTATUS, ntStatusName } from './ntstatus.js';
import { wsaErrorName } from './wsa-errors.js';

/**
 * The `code` of an error, for programs to branch on; these names do not change. A {@link WsaError}
 * has Node's code instead.
 */
export type NtdllxErrorCode =
  | 'ERR_NTSTATUS'
  | 'ERR_WIN32'
  | 'ERR_NT_HOST'
  | 'ERR_NT_EXPORT'
  | 'ERR_KOFFI'
  | 'ERR_NATIVE_MEMORY';

/** The base of every error that ntdllx throws. */
export class NtdllxError extends Error {
  /** A {@link NtdllxErrorCode}; a {@link WsaError} has Node's name of the error here. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

const hexadecimal = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;

/** An NT call returned a status that is not a success. */
export class NtStatusError extends NtdllxError {
  /** NT's name of the function. */
  readonly call: string;
  /** The status, unsigned. */
  readonly status: number;
  /** The status' name, or the status in hexadecimal where ntdllx has no name for it. */
  readonly statusName: string;

  constructor(call: string, status: NTSTATUS) {
    const statusName = ntStatusName(status);
    super(
      'ERR_NTSTATUS',
      `${call} returned ${statusName} (${hexadecimal(status)}). ${ntStatusAdvice(status)}`,
    );
    this.call = call;
    this.status = status;
    this.statusName = statusName;
  }
}

/** True for a {@link NtStatusError}, also if another installed copy of ntdllx threw it. */
export function isNtStatusError(error: unknown): error is NtStatusError {
  return error instanceof Error && (error as { code?: unknown }).code === 'ERR_NTSTATUS';
}

/** A kernel32 call failed. */
export class Win32Error extends NtdllxError {
  /** The failed function. */
  readonly call: string;
  /** What GetLastError returned. */
  readonly errorNumber: number;

  constructor(call: string, errorNumber: number) {
    super(
      'ERR_WIN32',
      `${call} failed with Win32 error ${errorNumber}. ${win32ErrorAdvice(errorNumber)}`,
    );
    this.call = call;
    this.errorNumber = errorNumber;
  }
}

/**
 * A Winsock call failed. The error has two names: Winsock's, and the one that libuv translates it
 * to for Node. If `wsaName` is `WSAECONNREFUSED`, `code` is `ECONNREFUSED`. Where libuv has no
 * translation, `code` is Winsock's name and `errno` is undefined.
 */
export class WsaError extends NtdllxError {
  /**
   * The function that failed, with its command or option if it has one: `ioctlsocket(FIONBIO)`.
   */
  readonly call: string;
  /** The function alone, like `syscall` of Node's errors. */
  readonly syscall: string;
  /** libuv's number for the error. */
  readonly errno: number | undefined;
  /** What WSAGetLastError returned. */
  readonly wsaCode: number;
  /** Winsock's name of the code, or its number where ntdllx has no name for it. */
  readonly wsaName: string;

  /**
   * @param known Node's name and an advice, if the caller knows the cause better than the code.
   */
  constructor(
    call: string,
    wsaCode: number,
    known: { readonly node?: NodeErrorName | undefined; readonly advice?: string } = {},
  ) {
    const wsaName = wsaErrorName(wsaCode);
    const { node = nodeErrorName(wsaCode), advice = wsaErrorAdvice(wsaCode) } = known;
    super(node?.code ?? wsaName, `${call} failed with ${wsaName} (${wsaCode}). ${advice}`);
    this.call = call;
    this.syscall = call.replace(/\(.*/, '');
    this.errno = node?.errno;
    this.wsaCode = wsaCode;
    this.wsaName = wsaName;
  }
}

/** A function was called on a host that is not Windows NT. Nothing was loaded or called. */
export class HostError extends NtdllxError {
  constructor(call: string, reason: string) {
    super(
      'ERR_NT_HOST',
      `${call} needs Windows NT, but ${reason}. ` +
        'Run the program on 64-bit Windows, or through winnode, which uses Wine. ' +
        'npm: npm install --save-dev winnode, then npx winnode script.js. ' +
        'pnpm: pnpm add --save-dev winnode, then pnpm exec winnode script.js. ' +
        'Yarn: yarn add --dev winnode, then yarn winnode script.js.',
    );
  }
}

/** koffi, or its native part for this host, is not installed or does not load. */
export class KoffiError extends NtdllxError {
  /** What went wrong. */
  readonly reason: string;
  /** What to do about it. */
  readonly advice: string;
  /** The paths where Node looked for koffi, or koffi for its native part. */
  readonly tried: readonly string[];

  /**
   * @param isBundled true if ntdllx is part of a bundle. A bundle cannot contain koffi.
   * @param tried see {@link KoffiError.tried}.
   */
  constructor(
    call: string,
    host: string,
    cause: unknown,
    isBundled: boolean,
    tried: readonly string[],
  ) {
    const problem = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    const reason = `koffi does not load: ${problem}`;
    const advice = isBundled
      ? 'ntdllx is in a bundle, and koffi has a native part that no bundle can hold: bundle as ESM, ' +
        'and add koffi to the project in which the bundle runs (npm install koffi, pnpm add koffi, ' +
        `yarn add koffi), with its native part for ${host}.`
      : `Install koffi with its native part for ${host}. It is among koffi's optional packages, ` +
        'which npm --omit=optional, pnpm --no-optional and yarn --ignore-optional leave out. ' +
        'winnode fetches it by the lock file of the project in the working directory.';
    const places = ['', ...tried].join('\n  ');
    super('ERR_KOFFI', `${call}: ${reason}. ${advice} Tried:${places}`, { cause });
    this.reason = reason;
    this.advice = advice;
    this.tried = tried;
  }
}

/** This Windows or Wine does not export the function. */
export class ExportError extends NtdllxError {
  constructor(call: string, dll: string, cause: unknown) {
    super(
      'ERR_NT_EXPORT',
      `${dll} does not export ${call} on this host. It needs a newer Windows or Wine.`,
      { cause },
    );
  }
}

/** A block of native memory was freed twice, or accessed after its free or outside its bounds. */
export class NativeMemoryError extends NtdllxError {
  constructor(message: string) {
    super('ERR_NATIVE_MEMORY', message);
  }
}

/**
 * Returns the status if it is a success, throws otherwise.
 *
 * @throws {NtStatusError} with the call, the status by name, and what to do next.
 */
export function requireNtSuccess(call: string, status: NTSTATUS): NTSTATUS {
  if (isNtSuccess(status)) return status;
  throw new NtStatusError(call, status);
}
