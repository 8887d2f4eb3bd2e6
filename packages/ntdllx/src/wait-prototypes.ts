import type { Prototype } from './prototypes.js';

/** The rows of kernel32's wait pool (winbase.h, threadpoollegacyapiset.h). */
export const waitPrototypes = {
  RegisterWaitForSingleObject: {
    dll: 'kernel32.dll',
    returns: 'BOOL',
    params: [
      ['phNewWaitObject', 'pointer', 'PHANDLE'],
      ['hObject', 'HANDLE'],
      ['Callback', 'pointer', 'WAITORTIMERCALLBACK'],
      ['Context', 'pointer', 'PVOID'],
      ['dwMilliseconds', 'ULONG'],
      ['dwFlags', 'ULONG'],
    ],
  },
  UnregisterWaitEx: {
    dll: 'kernel32.dll',
    returns: 'BOOL',
    params: [
      ['WaitHandle', 'HANDLE'],
      ['CompletionEvent', 'HANDLE'],
    ],
  },
} as const satisfies Record<string, Prototype>;
