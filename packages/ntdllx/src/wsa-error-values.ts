/**
 * Winsock error codes, as WSAGetLastError returns them.
 *
 * Source: winsock2.h of the Windows SDK 10.0.26100.
 *
 * @packageDocumentation
 */

/** A blocking call was cancelled. */
export const WSAEINTR = 10004;
/** A file handle is not valid. */
export const WSAEBADF = 10009;
/** The access is not allowed, such as a bind to an address that another socket has exclusively. */
export const WSAEACCES = 10013;
/** A pointer is not valid, or a buffer is too small. */
export const WSAEFAULT = 10014;
/** An argument is not valid, or the socket is in the wrong state for the call. */
export const WSAEINVAL = 10022;
/** There are too many open sockets. */
export const WSAEMFILE = 10024;
/** The call would block. Not a failure: poll the socket, and call again. */
export const WSAEWOULDBLOCK = 10035;
/** A blocking call of this thread is in progress. */
export const WSAEINPROGRESS = 10036;
/** An operation of this kind is in progress already, such as a connect. */
export const WSAEALREADY = 10037;
/** The handle is not that of a socket. */
export const WSAENOTSOCK = 10038;
/** The call needs a destination address. */
export const WSAEDESTADDRREQ = 10039;
/** The datagram is larger than the buffer, or than the protocol allows. */
export const WSAEMSGSIZE = 10040;
/** The protocol does not fit the type of the socket. */
export const WSAEPROTOTYPE = 10041;
/** The option or its level is unknown. */
export const WSAENOPROTOOPT = 10042;
/** The protocol is not supported. */
export const WSAEPROTONOSUPPORT = 10043;
/** The type of socket is not supported in this family. */
export const WSAESOCKTNOSUPPORT = 10044;
/** The call does not apply to this kind of socket. */
export const WSAEOPNOTSUPP = 10045;
/** The protocol family is not supported. */
export const WSAEPFNOSUPPORT = 10046;
/** The address family is not supported here, or does not fit the protocol. */
export const WSAEAFNOSUPPORT = 10047;
/** The address is in use. Of AF_UNIX: the file exists. */
export const WSAEADDRINUSE = 10048;
/** The address is not one of this host, or no client can connect to it. */
export const WSAEADDRNOTAVAIL = 10049;
/** The network is down. */
export const WSAENETDOWN = 10050;
/** No route leads to the network. */
export const WSAENETUNREACH = 10051;
/** The connection broke during keep-alive, or a datagram's time to live expired. */
export const WSAENETRESET = 10052;
/** This host ended the connection. */
export const WSAECONNABORTED = 10053;
/** The peer reset the connection. Of UDP: an earlier datagram reached no socket. */
export const WSAECONNRESET = 10054;
/** The system lacks buffer space or free ports. */
export const WSAENOBUFS = 10055;
/** The socket is connected already. */
export const WSAEISCONN = 10056;
/** The socket is not connected. */
export const WSAENOTCONN = 10057;
/** This direction of the socket was shut down. */
export const WSAESHUTDOWN = 10058;
/** There are too many references to a kernel object. */
export const WSAETOOMANYREFS = 10059;
/** The peer did not answer in time. */
export const WSAETIMEDOUT = 10060;
/** The peer refused the connection: in most cases no socket listens on that port. */
export const WSAECONNREFUSED = 10061;
/** A name cannot be translated. */
export const WSAELOOP = 10062;
/** A name or a part of it is too long. */
export const WSAENAMETOOLONG = 10063;
/** The host is down. */
export const WSAEHOSTDOWN = 10064;
/** No route leads to the host. */
export const WSAEHOSTUNREACH = 10065;
/** A directory is not empty. */
export const WSAENOTEMPTY = 10066;
/** The limit of processes that use Winsock is reached. */
export const WSAEPROCLIM = 10067;
/** The quota of users is used up. */
export const WSAEUSERS = 10068;
/** The disk quota is used up. */
export const WSAEDQUOT = 10069;
/** A file handle is no longer valid. */
export const WSAESTALE = 10070;
/** The item is not on this computer. */
export const WSAEREMOTE = 10071;
/** The network subsystem is not ready. */
export const WSASYSNOTREADY = 10091;
/** The requested version of Winsock is not supported. */
export const WSAVERNOTSUPPORTED = 10092;
/** WSAStartup was not called, or failed. */
export const WSANOTINITIALISED = 10093;
/** The peer shut the connection down gracefully (message-oriented protocols). */
export const WSAEDISCON = 10101;
/** There are no more results. */
export const WSAENOMORE = 10102;
/** The lookup was cancelled. */
export const WSAECANCELLED = 10103;
/** The table of procedures of a service provider is not valid. */
export const WSAEINVALIDPROCTABLE = 10104;
/** A service provider reports a version other than 2. */
export const WSAEINVALIDPROVIDER = 10105;
/** A service provider could not be loaded or started. */
export const WSAEPROVIDERFAILEDINIT = 10106;
/** A system call failed that should never fail. */
export const WSASYSCALLFAILURE = 10107;
/** There is no such service. */
export const WSASERVICE_NOT_FOUND = 10108;
/** There is no such class. */
export const WSATYPE_NOT_FOUND = 10109;
/** There are no more results; use WSAENOMORE in new code. */
export const WSA_E_NO_MORE = 10110;
/** The lookup was cancelled; use WSAECANCELLED in new code. */
export const WSA_E_CANCELLED = 10111;
/** The database refused the query. */
export const WSAEREFUSED = 10112;
/** There is no such host. */
export const WSAHOST_NOT_FOUND = 11001;
/** The name server did not answer: try again. */
export const WSATRY_AGAIN = 11002;
/** The lookup failed for good. */
export const WSANO_RECOVERY = 11003;
/** The name exists, but has no data of the requested type. */
export const WSANO_DATA = 11004;
