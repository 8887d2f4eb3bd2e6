import type { Prototype } from './prototypes.js';

/** The rows of kernel32's functions that examine and delete files (fileapi.h). */
export const filePrototypes = {
  GetFileAttributesW: {
    dll: 'kernel32.dll',
    returns: 'DWORD',
    params: [['lpFileName', 'pointer', 'LPCWSTR']],
  },
  DeleteFileW: {
    dll: 'kernel32.dll',
    returns: 'BOOL',
    params: [['lpFileName', 'pointer', 'LPCWSTR']],
  },
  FindFirstFileW: {
    dll: 'kernel32.dll',
    returns: 'HANDLE',
    params: [
      ['lpFileName', 'pointer', 'LPCWSTR'],
      ['lpFindFileData', 'pointer', 'LPWIN32_FIND_DATAW'],
    ],
  },
  FindClose: { dll: 'kernel32.dll', returns: 'BOOL', params: [['hFindFile', 'HANDLE']] },
} as const satisfies Record<string, Prototype>;
