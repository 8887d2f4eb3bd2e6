import * as nt from './ntstatus-values.js';
import * as wsa from './wsa-error-values.js';

const seeDocumentation = 'See the documentation of the call.';

const ntAdvice = new Map<number, string>([
  [nt.STATUS_INVALID_HANDLE, 'The handle is closed or was never one: check who closes it.'],
  [nt.STATUS_OBJECT_TYPE_MISMATCH, 'The handle is of another kind: check the argument order.'],
  [nt.STATUS_ACCESS_DENIED, 'The handle lacks the access that this call needs.'],
  [
    nt.STATUS_INVALID_PARAMETER,
    'A length, count or class is wrong, or the file is bound to a port already.',
  ],
  [nt.STATUS_ACCESS_VIOLATION, 'An address does not point to memory of this process.'],
  [nt.STATUS_NO_MEMORY, 'Memory is used up: close what is not needed.'],
  [nt.STATUS_INSUFFICIENT_RESOURCES, 'A kernel resource is used up: close what is not needed.'],
  [nt.STATUS_NOT_IMPLEMENTED, 'This host does not have the call: Wine lacks some of NT.'],
]);

const wsaAdvice = new Map<number, string>([
  [
    wsa.WSAEACCES,
    'This program may not use that address, or another one holds it for itself: choose another port.',
  ],
  [wsa.WSAEADDRINUSE, 'Another socket has this address: choose another port, or 0 for any.'],
  [wsa.WSAEADDRNOTAVAIL, 'This host does not have that address: bind to one of its own.'],
  [
    wsa.WSAECONNREFUSED,
    'No server listens at that address: check the address, and that the server runs.',
  ],
  [wsa.WSAECONNRESET, 'The peer reset the connection: close this socket.'],
  [wsa.WSAECONNABORTED, 'The connection is over: close this socket, and connect another one.'],
  [
    wsa.WSAENOTCONN,
    'The socket is not connected: wait until the connect has ended, or accept a connection.',
  ],
  [wsa.WSAEISCONN, 'The socket is connected already: use another one.'],
  [wsa.WSAEALREADY, 'A connect is under way: wait for its end.'],
  [wsa.WSAESHUTDOWN, 'This direction was shut down by this side: nothing more can go there.'],
  [wsa.WSAETIMEDOUT, 'The peer does not answer: check the address and the network.'],
  [wsa.WSAENETUNREACH, 'No route to that network: check the address and the network.'],
  [wsa.WSAEHOSTUNREACH, 'No route to that host: check the address and the network.'],
  [wsa.WSAEMSGSIZE, 'A datagram is larger than the buffer, or than UDP allows: it was lost.'],
  [wsa.WSAEINVAL, 'The socket is not in the state for it, or a value is wrong: check the order.'],
  [wsa.WSAEOPNOTSUPP, 'This kind of socket does not have it: check its kind and protocol.'],
  [wsa.WSAENOPROTOOPT, 'This kind of socket does not have that option: check its protocol.'],
  [wsa.WSAEMFILE, 'Too many sockets are open: close some.'],
  [wsa.WSAENOBUFS, 'Socket buffers are used up: close some sockets.'],
  [wsa.WSAENOTSOCK, 'The socket is closed or was never one: check who closes it.'],
  [wsa.WSAEAFNOSUPPORT, 'This host does not have that address family.'],
  [wsa.WSANOTINITIALISED, 'WSAStartup was not called: create sockets through SocketCreator.'],
]);

const win32Advice = new Map<number, string>([
  [6, 'ERROR_INVALID_HANDLE: the handle is closed or was never one.'],
  [87, 'ERROR_INVALID_PARAMETER: a value is wrong, or the file is bound to a port already.'],
]);

/** What to do next after a kernel32 call failed with this error. */
export function win32ErrorAdvice(errorNumber: number): string {
  return win32Advice.get(errorNumber) ?? seeDocumentation;
}

/** What to do next after an NT call returned this status. */
export function ntStatusAdvice(status: number): string {
  return ntAdvice.get(status) ?? seeDocumentation;
}

/** What to do next after a Winsock call failed with this code. */
export function wsaErrorAdvice(wsaCode: number): string {
  return wsaAdvice.get(wsaCode) ?? seeDocumentation;
}
