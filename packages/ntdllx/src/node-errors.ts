import * as wsa from './wsa-error-values.js';

/** How Node names an error: the `code` and `errno` of Node's own errors. */
export interface NodeErrorName {
  /** Such as `ECONNREFUSED`. */
  readonly code: string;
  /** libuv's number on Windows, such as -4078. Always negative. */
  readonly errno: number;
}

const name = (code: string, errno: number): NodeErrorName => ({ code, errno });

/**
 * The `code` and `errno` that Node's own sockets report on Windows for a Winsock code.
 *
 * Source: uv_translate_sys_error in libuv's src/win/error.c, and include/uv/errno.h. A test
 * compares each row, and each code without a row, with the libuv in node.exe.
 */
const names = new Map<number, NodeErrorName>([
  [wsa.WSAEINTR, name('ECANCELED', -4081)],
  [wsa.WSAEACCES, name('EACCES', -4092)],
  [wsa.WSAEFAULT, name('EFAULT', -4074)],
  [wsa.WSAEINVAL, name('EINVAL', -4071)],
  [wsa.WSAEMFILE, name('EMFILE', -4066)],
  [wsa.WSAEWOULDBLOCK, name('EAGAIN', -4088)],
  [wsa.WSAEALREADY, name('EALREADY', -4084)],
  [wsa.WSAENOTSOCK, name('ENOTSOCK', -4050)],
  [wsa.WSAEMSGSIZE, name('EMSGSIZE', -4065)],
  [wsa.WSAEPROTONOSUPPORT, name('EPROTONOSUPPORT', -4045)],
  [wsa.WSAESOCKTNOSUPPORT, name('ESOCKTNOSUPPORT', -4025)],
  [wsa.WSAEPFNOSUPPORT, name('EINVAL', -4071)],
  [wsa.WSAEAFNOSUPPORT, name('EAFNOSUPPORT', -4089)],
  [wsa.WSAEADDRINUSE, name('EADDRINUSE', -4091)],
  [wsa.WSAEADDRNOTAVAIL, name('EADDRNOTAVAIL', -4090)],
  [wsa.WSAENETUNREACH, name('ENETUNREACH', -4062)],
  [wsa.WSAECONNABORTED, name('ECONNABORTED', -4079)],
  [wsa.WSAECONNRESET, name('ECONNRESET', -4077)],
  [wsa.WSAENOBUFS, name('ENOBUFS', -4060)],
  [wsa.WSAEISCONN, name('EISCONN', -4069)],
  [wsa.WSAENOTCONN, name('ENOTCONN', -4053)],
  [wsa.WSAESHUTDOWN, name('EPIPE', -4047)],
  [wsa.WSAETIMEDOUT, name('ETIMEDOUT', -4039)],
  [wsa.WSAECONNREFUSED, name('ECONNREFUSED', -4078)],
  [wsa.WSAEHOSTUNREACH, name('EHOSTUNREACH', -4073)],
  [wsa.WSAHOST_NOT_FOUND, name('ENOENT', -4058)],
  [wsa.WSANO_DATA, name('ENOENT', -4058)],
]);

/** Node's name of a Winsock error; undefined if libuv does not translate the code. */
export function nodeErrorName(wsaCode: number): NodeErrorName | undefined {
  return names.get(wsaCode);
}
