/**
 * The functions of kernel32.dll that the stages use.
 *
 * @packageDocumentation
 */
import { Win32Error } from './errors.js';
import { bind } from './loader.js';
import type { Address, HANDLE, PointerSized } from './ntdll.js';

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

/** Closes a handle. @returns 0 on failure. */
export const CloseHandle: (hObject: HANDLE) => number = bind('CloseHandle');

/** The error of this thread's last kernel32 call that failed; koffi keeps it between calls. */
export const GetLastError: () => number = bind('GetLastError');

/** The error for a kernel32 call that just failed; reads GetLastError. */
export function lastWin32Error(call: string): Win32Error {
  return new Win32Error(call, GetLastError());
}
