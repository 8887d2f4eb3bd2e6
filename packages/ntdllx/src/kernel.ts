import { allocate } from './native-memory.js';
import * as ntdll from './ntdll.js';
import * as ws2_32 from './ws2-32.js';

const real = {
  allocate,
  ...ntdll,
  WSAStartup: ws2_32.WSAStartup,
  WSACleanup: ws2_32.WSACleanup,
  WSAGetLastError: ws2_32.WSAGetLastError,
  WSASocketW: ws2_32.WSASocketW,
  WSAIoctl: ws2_32.WSAIoctl,
  ioctlsocket: ws2_32.ioctlsocket,
  setsockopt: ws2_32.setsockopt,
  bind: ws2_32.bind,
  listen: ws2_32.listen,
  accept: ws2_32.accept,
  connect: ws2_32.connect,
  getsockname: ws2_32.getsockname,
  getpeername: ws2_32.getpeername,
  getsockopt: ws2_32.getsockopt,
  send: ws2_32.send,
  recv: ws2_32.recv,
  sendto: ws2_32.sendto,
  recvfrom: ws2_32.recvfrom,
  shutdown: ws2_32.shutdown,
  closesocket: ws2_32.closesocket,
};

/**
 * All that the layers above ask of the operating system: memory, the port, AFD, sockets. They are
 * handed one, {@link ntKernel} by default, so that a simulated kernel can stand in its place.
 * Functions keep NT's names and meanings; every address lies in memory from `allocate`. `send`, `recv`,
 * `sendto` and `recvfrom` take the bytes themselves, and are finished with them when they return: the
 * caller has checked the length, and runs nobody else's code between that and the call.
 */
export type Kernel = Readonly<typeof real>;

/** The real kernel of this process. Using it opens the DLLs; holding it does not. */
export const ntKernel: Kernel = real;
