/**
 * The functions of kernel32.dll that the stages and the sockets use.
 *
 * @packageDocumentation
 */
import { Win32Error } from './errors.js';
import { bind } from './loader.js';
import type { Address, HANDLE, PointerSized } from './ntdll.js';
import type { StructLayout } from './structs/native-struct.js';

/** dwMilliseconds for a wait without a limit (winbase.h). */
export const INFINITE = 0xffff_ffff;
/** The object is signalled (winbase.h). */
export const WAIT_OBJECT_0 = 0;
/** The time is over (winerror.h). */
export const WAIT_TIMEOUT = 0x102;
/** The wait failed; GetLastError says why (winbase.h). */
export const WAIT_FAILED = 0xffff_ffff;

/**
 * Associates a file or socket with a port for life; a second time, also with the same port, is
 * refused with error 87.
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

/** Waits for one object. Blocks the calling thread. @returns WAIT_OBJECT_0, WAIT_TIMEOUT, WAIT_FAILED. */
export const WaitForSingleObject: (hHandle: HANDLE, dwMilliseconds: number) => number =
  bind('WaitForSingleObject');

/** The callback runs on the thread that waits: it must be short (winnt.h). */
export const WT_EXECUTEINWAITTHREAD = 0x4;
/** The wait is over after its first callback (winnt.h). */
export const WT_EXECUTEONLYONCE = 0x8;

/**
 * Has a thread of the system's wait pool wait for an object, and call a native function when it is
 * signalled. The wait owns `phNewWaitObject`'s value, which {@link UnregisterWaitEx} takes.
 *
 * @param Callback the address of native code, called with `Context` and 0 or 1 on the pool's thread:
 *   never JavaScript. `Context` stays valid until UnregisterWaitEx with INVALID_HANDLE_VALUE returned.
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
 * Ends a wait of {@link RegisterWaitForSingleObject}, also one whose only callback ran.
 *
 * @param CompletionEvent INVALID_HANDLE_VALUE blocks until a callback that runs has returned; 0 does not.
 * @returns 0 on failure, and with 0 for CompletionEvent also while a callback runs.
 */
export const UnregisterWaitEx: (WaitHandle: HANDLE, CompletionEvent: HANDLE) => number =
  bind('UnregisterWaitEx');

/** Closes a handle. @returns 0 on failure. */
export const CloseHandle: (hObject: HANDLE) => number = bind('CloseHandle');

/** The error of this thread's last kernel32 call that failed; koffi keeps it between calls. */
export const GetLastError: () => number = bind('GetLastError');

/** GetFileAttributesW failed; GetLastError says why (fileapi.h). */
export const INVALID_FILE_ATTRIBUTES = 0xffff_ffff;
/** No handle: what FindFirstFileW returns on failure (handleapi.h). */
export const INVALID_HANDLE_VALUE = -1;
export const FILE_ATTRIBUTE_DIRECTORY = 0x10;
export const FILE_ATTRIBUTE_ARCHIVE = 0x20;
/** A link, or another file that a filter looks after, such as a socket's. */
export const FILE_ATTRIBUTE_REPARSE_POINT = 0x400;
/** The tag of a socket's file (winnt.h). */
export const IO_REPARSE_TAG_AF_UNIX = 0x8000_0023;
/** There is no such file (winerror.h). */
export const ERROR_FILE_NOT_FOUND = 2;
/** There is no such directory (winerror.h). */
export const ERROR_PATH_NOT_FOUND = 3;
/** What Wine says of a file that is neither an ordinary one nor a directory (winerror.h). */
export const ERROR_INVALID_PARAMETER = 87;

/** WIN32_FIND_DATAW (minwinbase.h), as far as it is read: of a reparse point dwReserved0 is the tag. */
export const WIN32_FIND_DATAW = {
  size: 592,
  fields: { dwFileAttributes: [0, 4], dwReserved0: [36, 4], cFileName: [44, 520] },
} as const satisfies StructLayout;

/**
 * What kind of file there is.
 *
 * @param lpFileName the address of a path in UTF-16 that ends with a zero; as in the other calls.
 * @returns FILE_ATTRIBUTE_* bits, or INVALID_FILE_ATTRIBUTES. Wine says ERROR_INVALID_PARAMETER of a
 *   socket's file: measured on 8, 10 and 11.
 */
export const GetFileAttributesW: (lpFileName: Address) => number = bind('GetFileAttributesW');

/** Removes a file; of a link the link. @returns 0 on failure. */
export const DeleteFileW: (lpFileName: Address) => number = bind('DeleteFileW');

/**
 * Finds the first file of a name or of a pattern, and stores a {@link WIN32_FIND_DATAW}.
 *
 * @returns a handle for FindClose, or INVALID_HANDLE_VALUE.
 */
export const FindFirstFileW: (lpFileName: Address, lpFindFileData: Address) => HANDLE =
  bind('FindFirstFileW');

/** Closes what {@link FindFirstFileW} returned. @returns 0 on failure. */
export const FindClose: (hFindFile: HANDLE) => number = bind('FindClose');

/** The error for a kernel32 call that just failed; reads GetLastError. */
export function lastWin32Error(call: string): Win32Error {
  return new Win32Error(call, GetLastError());
}
