import { allocate } from './native-memory.js';
import * as ntdll from './ntdll.js';
import * as ws2_32 from './ws2-32.js';

const {
  WSAStartup,
  WSACleanup,
  WSAGetLastError,
  WSASocketW,
  WSAIoctl,
  ioctlsocket,
  setsockopt,
  bind,
  listen,
  accept,
  connect,
  getsockname,
  getpeername,
  getsockopt,
  send,
  recv,
  sendto,
  recvfrom,
  shutdown,
  closesocket,
} = ws2_32;

const real = {
  allocate,
  ...ntdll,
  WSAStartup,
  WSACleanup,
  WSAGetLastError,
  WSASocketW,
  WSAIoctl,
  ioctlsocket,
  setsockopt,
  bind,
  listen,
  accept,
  connect,
  getsockname,
  getpeername,
  getsockopt,
  send,
  recv,
  sendto,
  recvfrom,
  shutdown,
  closesocket,
};

/**
 * All that the layers above ask of the operating system: memory, the port, AFD, sockets. They are
 * handed one, {@link ntKernel} by default, so that a simulated kernel can stand in its place.
 * Functions keep NT's names and meanings; every address lies in memory from `allocate`.
 */
export type Kernel = Readonly<typeof real>;

/** The real kernel of this process. Using it opens the DLLs; holding it does not. */
export const ntKernel: Kernel = real;
