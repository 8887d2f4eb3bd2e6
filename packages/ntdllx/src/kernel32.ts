/**
 * The functions of kernel32.dll that the stages and the sockets use.
 *
 * @packageDocumentation
 */
import { Win32Error } from './errors.js';
import { bind } from './loader.js';
import type { Address, HANDLE, PointerSized } from './ntdll.js';
import type { StructLayout } from './structs/native-struct.js';

/** dwMilliseconds for a wait without a time-out (winbase.h). */
export const INFINITE = 0xffff_ffff;
/** The object is signalled (winbase.h). */
export const WAIT_OBJECT_0 = 0;
/** The time-out expired (winerror.h). */
export const WAIT_TIMEOUT = 0x102;
/** The wait failed; GetLastError returns the reason (winbase.h). */
export const WAIT_FAILED = 0xffff_ffff;

/**
 * Associates a file or socket with a port for the file's life. A second association, even with the
 * same port, fails with error 87.
 *
 * @returns the port's handle, or 0 on failure.
 */
export const CreateIoCompletionPort: (
  FileHandle: HANDLE,
  ExistingCompletionPort: HANDLE,
  CompletionKey: PointerSized,
  NumberOfConcurrentThreads: number,
) => HANDLE = bind('CreateIoCompletionPort');

/** Creates an event. @returns its handle, or 0 on failure. */
export const CreateEventA: (
  lpEventAttributes: Address,
  bManualReset: number,
  bInitialState: number,
  lpName: Address,
) => HANDLE = bind('CreateEventA');

/** Sets an event. @returns 0 on failure. */
export const SetEvent: (hEvent: HANDLE) => number = bind('SetEvent');

/**
 * Waits for one object. Blocks the calling thread.
 * @returns WAIT_OBJECT_0, WAIT_TIMEOUT, WAIT_FAILED.
 */
export const WaitForSingleObject: (hHandle: HANDLE, dwMilliseconds: number) => number =
  bind('WaitForSingleObject');

/** The callback runs on the pool thread that waits, so it must be short (winnt.h). */
export const WT_EXECUTEINWAITTHREAD = 0x4;
/** The wait ends after its first callback (winnt.h). */
export const WT_EXECUTEONLYONCE = 0x8;

/**
 * Makes a thread of the system's wait pool wait for an object and call a native function when the
 * object is signalled. Stores the wait's handle at `phNewWaitObject`; the caller passes that
 * handle to {@link UnregisterWaitEx}.
 *
 * @param Callback the address of native code, never of JavaScript. The pool thread calls it with
 *   `Context` and 0 or 1. The caller keeps what `Context` points to valid until UnregisterWaitEx
 *   with INVALID_HANDLE_VALUE has returned.
 * @returns 0 on failure.
 */
export const RegisterWaitForSingleObject: (
  phNewWaitObject: Address,
  hObject: HANDLE,
  Callback: Address,
  Context: Address,
  dwMilliseconds: number,
  dwFlags: number,
) => number = bind('RegisterWaitForSingleObject');

/**
 * Ends a wait of {@link RegisterWaitForSingleObject}. Needed also for a WT_EXECUTEONLYONCE wait
 * whose callback ran.
 *
 * @param CompletionEvent INVALID_HANDLE_VALUE blocks until a running callback has returned; 0 does
 *   not block.
 * @returns 0 on failure. If CompletionEvent is 0, also 0 while a callback runs.
 */
export const UnregisterWaitEx: (WaitHandle: HANDLE, CompletionEvent: HANDLE) => number =
  bind('UnregisterWaitEx');

/** Closes a handle. @returns 0 on failure. */
export const CloseHandle: (hObject: HANDLE) => number = bind('CloseHandle');

/** The error of this thread's last failed kernel32 call; koffi preserves it between calls. */
export const GetLastError: () => number = bind('GetLastError');

/** GetFileAttributesW failed; GetLastError returns the reason (fileapi.h). */
export const INVALID_FILE_ATTRIBUTES = 0xffff_ffff;
/** What FindFirstFileW returns on failure (handleapi.h). */
export const INVALID_HANDLE_VALUE = -1;
/** The file is a directory (winnt.h). */
export const FILE_ATTRIBUTE_DIRECTORY = 0x10;
/** The file is marked for backup (winnt.h). */
export const FILE_ATTRIBUTE_ARCHIVE = 0x20;
/** A link, or another file with a reparse point, such as the file of a Unix domain socket. */
export const FILE_ATTRIBUTE_REPARSE_POINT = 0x400;
/** The reparse tag of a Unix domain socket's file (winnt.h). */
export const IO_REPARSE_TAG_AF_UNIX = 0x8000_0023;
/** There is no such file (winerror.h). */
export const ERROR_FILE_NOT_FOUND = 2;
/** There is no such directory (winerror.h). */
export const ERROR_PATH_NOT_FOUND = 3;
/** Wine's error for a file that is neither a regular file nor a directory (winerror.h). */
export const ERROR_INVALID_PARAMETER = 87;

/**
 * WIN32_FIND_DATAW (minwinbase.h), only the fields that ntdllx reads. For a reparse point,
 * dwReserved0 is its tag.
 */
export const WIN32_FIND_DATAW = {
  size: 592,
  fields: { dwFileAttributes: [0, 4], dwReserved0: [36, 4], cFileName: [44, 520] },
} as const satisfies StructLayout;

/**
 * Reads a file's attributes.
 *
 * @param lpFileName the address of a zero-terminated path in UTF-16, here and in the calls below.
 * @returns FILE_ATTRIBUTE_* bits, or INVALID_FILE_ATTRIBUTES. For the file of a Unix domain socket
 *   Wine fails with ERROR_INVALID_PARAMETER (measured on 8, 10 and 11).
 */
export const GetFileAttributesW: (lpFileName: Address) => number = bind('GetFileAttributesW');

/** Removes a file; if it is a link, the link itself. @returns 0 on failure. */
export const DeleteFileW: (lpFileName: Address) => number = bind('DeleteFileW');

/**
 * Finds the first file that has a name or matches a pattern; stores a {@link WIN32_FIND_DATAW}.
 *
 * @returns a handle for FindClose, or INVALID_HANDLE_VALUE.
 */
export const FindFirstFileW: (lpFileName: Address, lpFindFileData: Address) => HANDLE =
  bind('FindFirstFileW');

/** Closes a handle that {@link FindFirstFileW} returned. @returns 0 on failure. */
export const FindClose: (hFindFile: HANDLE) => number = bind('FindClose');

/** Makes the error for a kernel32 call that just failed; calls GetLastError. */
export function lastWin32Error(call: string): Win32Error {
  return new Win32Error(call, GetLastError());
}
