import * as nt from './ntstatus-values.js';
import * as wsa from './wsa-error-values.js';

const seeDocumentation = 'See the documentation of that call.';

const ntAdvice = new Map<number, string>([
  [nt.STATUS_INVALID_HANDLE, 'The handle is closed or was never valid: check what closes it.'],
  [nt.STATUS_OBJECT_TYPE_MISMATCH, 'The handle is of another kind: check the argument order.'],
  [nt.STATUS_ACCESS_DENIED, 'The handle lacks the access that this call needs.'],
  [
    nt.STATUS_INVALID_PARAMETER,
    'A length, count or class is wrong, or the file is already associated with a port.',
  ],
  [nt.STATUS_ACCESS_VIOLATION, 'An address does not point to memory of this process.'],
  [nt.STATUS_NO_MEMORY, 'Memory is used up: close unused handles and free unused blocks.'],
  [nt.STATUS_INSUFFICIENT_RESOURCES, 'A kernel resource is used up: close unused handles.'],
  [nt.STATUS_NOT_IMPLEMENTED, 'This host does not implement the call: Wine lacks some NT calls.'],
]);

const wsaAdvice = new Map<number, string>([
  [
    wsa.WSAEACCES,
    'This program may not use that address, or another program uses it exclusively: choose another ' +
      'port.',
  ],
  [wsa.WSAEADDRINUSE, 'Another socket has this address: choose another port, or 0 for any.'],
  [wsa.WSAEADDRNOTAVAIL, 'This host does not have that address: bind to one of its own.'],
  [
    wsa.WSAECONNREFUSED,
    'No server listens at that address: check the address, and that the server runs.',
  ],
  [wsa.WSAECONNRESET, 'The peer reset the connection: close this socket.'],
  [wsa.WSAECONNABORTED, 'The connection has ended: close this socket, and connect a new one.'],
  [
    wsa.WSAENOTCONN,
    'The socket is not connected: wait until the connect has ended, or accept a connection.',
  ],
  [wsa.WSAEISCONN, 'The socket is connected already: use another one.'],
  [wsa.WSAEALREADY, 'A connect is already pending: wait until it has ended.'],
  [
    wsa.WSAESHUTDOWN,
    'This program shut down this direction of the connection: no more data can pass.',
  ],
  [wsa.WSAETIMEDOUT, 'The peer does not answer: check the address and the network.'],
  [wsa.WSAENETUNREACH, 'No route to that network: check the address and the network.'],
  [wsa.WSAEHOSTUNREACH, 'No route to that host: check the address and the network.'],
  [wsa.WSAEMSGSIZE, 'A datagram is larger than the buffer, or than UDP allows: it was lost.'],
  [
    wsa.WSAEINVAL,
    'The socket is in a state that does not allow the call, or an argument is wrong: check the order ' +
      'of the calls.',
  ],
  [
    wsa.WSAEOPNOTSUPP,
    'This kind of socket does not support the call: check its kind and protocol.',
  ],
  [wsa.WSAENOPROTOOPT, 'This kind of socket does not have that option: check its protocol.'],
  [wsa.WSAEMFILE, 'Too many sockets are open: close some.'],
  [wsa.WSAENOBUFS, 'Socket buffers are used up: close some sockets.'],
  [wsa.WSAENOTSOCK, 'The socket is closed or was never valid: check what closes it.'],
  [
    wsa.WSAEAFNOSUPPORT,
    'This host does not support that address family: use an address of another one.',
  ],
  [wsa.WSANOTINITIALISED, 'WSAStartup was not called: create sockets through SocketCreator.'],
]);

const win32Advice = new Map<number, string>([
  [6, 'ERROR_INVALID_HANDLE: the handle is closed or was never valid. Check what closes it.'],
  [
    87,
    'ERROR_INVALID_PARAMETER: an argument is wrong, or the file is already associated with a port. ' +
      'A file has one port for life.',
  ],
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
