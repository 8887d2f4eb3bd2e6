/**
 * Constants of NT and of its socket driver AFD, as Microsoft's headers and phnt name them. A test
 * compares every constant with the value that compilers computed from those headers.
 *
 * @packageDocumentation
 */

/** Access mask of a completion port: everything (winnt.h). */
export const IO_COMPLETION_ALL_ACCESS = 0x1f0003;

/** The AFD request that waits for readiness (phnt ntafd.h); METHOD_BUFFERED, any access. */
export const IOCTL_AFD_POLL = 0x12024;

/** Data can be received. */
export const AFD_POLL_RECEIVE = 0x1;
/** Out-of-band data can be received. */
export const AFD_POLL_RECEIVE_EXPEDITED = 0x2;
/** Data can be sent. */
export const AFD_POLL_SEND = 0x4;
/** The peer will send no more data (FIN). */
export const AFD_POLL_DISCONNECT = 0x8;
/** The connection was reset (RST). */
export const AFD_POLL_ABORT = 0x10;
/** This process closed the socket. */
export const AFD_POLL_LOCAL_CLOSE = 0x20;
/** The socket is connected. The bit stays set for as long as the socket is connected. */
export const AFD_POLL_CONNECT = 0x40;
/** A connection waits to be accepted. */
export const AFD_POLL_ACCEPT = 0x80;
/** A connect failed; the `Status` field has the reason. */
export const AFD_POLL_CONNECT_FAIL = 0x100;

/** NtSetInformationFile: associate with a port; takes a FILE_COMPLETION_INFORMATION. */
export const FileCompletionInformation = 30;
/** NtSetInformationFile: notification flags; takes four bytes. */
export const FileIoCompletionNotificationInformation = 41;
/** A request that succeeds at once posts no packet. */
export const FILE_SKIP_COMPLETION_PORT_ON_SUCCESS = 0x1;
/** Completion of a request does not set the file object's own event. */
export const FILE_SKIP_SET_EVENT_ON_HANDLE = 0x2;
/** NtQueryIoCompletion: the number of packets in the port's queue; four bytes. */
export const IoCompletionBasicInformation = 0;

/** The handle can be passed to a wait function. */
export const SYNCHRONIZE = 0x10_0000;
/** Lets others open the file for reading while this handle is open. */
export const FILE_SHARE_READ = 0x1;
/** Lets others open the file for writing while this handle is open. */
export const FILE_SHARE_WRITE = 0x2;
/** Open an existing file; fail if it does not exist. */
export const FILE_OPEN = 0x1;
/** Names are compared without regard to case. */
export const OBJ_CASE_INSENSITIVE = 0x40;
