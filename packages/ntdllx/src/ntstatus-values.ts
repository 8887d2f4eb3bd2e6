/**
 * NTSTATUS values as unsigned 32-bit numbers, under Microsoft's names.
 *
 * Source: ntstatus.h of the Windows SDK 10.0.26100. The top two bits are the severity: 0 success,
 * 1 information, 2 warning, 3 error. Note that STATUS_TIMEOUT and STATUS_PENDING are successes.
 *
 * @packageDocumentation
 */

/** The call or request succeeded. */
export const STATUS_SUCCESS = 0x0000_0000;
/** A mutant was abandoned: its owner ended without releasing it. A success. */
export const STATUS_ABANDONED = 0x0000_0080;
/** An alertable wait ended because a user APC ran. A success. */
export const STATUS_USER_APC = 0x0000_00c0;
/** A wait was interrupted by a kernel APC. A success. */
export const STATUS_KERNEL_APC = 0x0000_0100;
/** An alertable wait ended because the thread was alerted. A success. */
export const STATUS_ALERTED = 0x0000_0101;
/** A wait or a poll ended because its time was over. A success. */
export const STATUS_TIMEOUT = 0x0000_0102;
/** The request is pending; a packet or an event reports its completion. A success. */
export const STATUS_PENDING = 0x0000_0103;
/** The name leads elsewhere, and the open must be tried again there. */
export const STATUS_REPARSE = 0x0000_0104;
/** There are more entries than the buffer has room for. A success. */
export const STATUS_MORE_ENTRIES = 0x0000_0105;
/** A request for change notifications ended because its handle was closed. */
export const STATUS_NOTIFY_CLEANUP = 0x0000_010b;
/** There were more changes than the buffer has room for: read the directory. */
export const STATUS_NOTIFY_ENUM_DIR = 0x0000_010c;
/** An object of that name exists and was opened instead of created. */
export const STATUS_OBJECT_NAME_EXISTS = 0x4000_0000;
/** The transport delivered a part of a message. */
export const STATUS_RECEIVE_PARTIAL = 0x4000_000f;
/** The transport delivered expedited (out-of-band) data. */
export const STATUS_RECEIVE_EXPEDITED = 0x4000_0010;
/** The transport delivered a part of a message of expedited data. */
export const STATUS_RECEIVE_PARTIAL_EXPEDITED = 0x4000_0011;
/** The transport handled the event completely. */
export const STATUS_EVENT_DONE = 0x4000_0012;
/** The transport has not handled the event completely yet. */
export const STATUS_EVENT_PENDING = 0x4000_0013;
/** A guard page was accessed. */
export const STATUS_GUARD_PAGE_VIOLATION = 0x8000_0001;
/** An address is not aligned as its data type requires. */
export const STATUS_DATATYPE_MISALIGNMENT = 0x8000_0002;
/** The buffer got only a part of the data. A warning: the part is valid. */
export const STATUS_BUFFER_OVERFLOW = 0x8000_0005;
/** A directory has no more files. */
export const STATUS_NO_MORE_FILES = 0x8000_0006;
/** A handle was closed while a request on it was pending. */
export const STATUS_HANDLES_CLOSED = 0x8000_000a;
/** The device is busy. */
export const STATUS_DEVICE_BUSY = 0x8000_0011;
/** There are no more entries. */
export const STATUS_NO_MORE_ENTRIES = 0x8000_001a;
/** The operation failed, without a more exact reason. */
export const STATUS_UNSUCCESSFUL = 0xc000_0001;
/** The operation is not implemented. */
export const STATUS_NOT_IMPLEMENTED = 0xc000_0002;
/** The information class is unknown, or does not apply to the object. */
export const STATUS_INVALID_INFO_CLASS = 0xc000_0003;
/** The buffer does not have the length of the information class. */
export const STATUS_INFO_LENGTH_MISMATCH = 0xc000_0004;
/** An address is not mapped, or does not allow the access. */
export const STATUS_ACCESS_VIOLATION = 0xc000_0005;
/** The handle is not open in this process. */
export const STATUS_INVALID_HANDLE = 0xc000_0008;
/** No process or thread has this id. */
export const STATUS_INVALID_CID = 0xc000_000b;
/** An argument, or a combination of arguments, is not valid. */
export const STATUS_INVALID_PARAMETER = 0xc000_000d;
/** There is no such device. */
export const STATUS_NO_SUCH_DEVICE = 0xc000_000e;
/** There is no such file. */
export const STATUS_NO_SUCH_FILE = 0xc000_000f;
/** The driver does not know this request, or refuses it for this object. */
export const STATUS_INVALID_DEVICE_REQUEST = 0xc000_0010;
/** The end of the file is reached. */
export const STATUS_END_OF_FILE = 0xc000_0011;
/** The operation is not finished and needs more steps. */
export const STATUS_MORE_PROCESSING_REQUIRED = 0xc000_0016;
/** There is not enough virtual memory. */
export const STATUS_NO_MEMORY = 0xc000_0017;
/** The caller has no right to this operation. */
export const STATUS_ACCESS_DENIED = 0xc000_0022;
/** The buffer is too small, and nothing was written to it. */
export const STATUS_BUFFER_TOO_SMALL = 0xc000_0023;
/** The handle is of an object of another type. */
export const STATUS_OBJECT_TYPE_MISMATCH = 0xc000_0024;
/** The name has characters or a form that are not allowed. */
export const STATUS_OBJECT_NAME_INVALID = 0xc000_0033;
/** No object has this name. */
export const STATUS_OBJECT_NAME_NOT_FOUND = 0xc000_0034;
/** An object of this name exists already. */
export const STATUS_OBJECT_NAME_COLLISION = 0xc000_0035;
/** The other end of an ALPC port is closed. */
export const STATUS_PORT_DISCONNECTED = 0xc000_0037;
/** A device is attached already. */
export const STATUS_DEVICE_ALREADY_ATTACHED = 0xc000_0038;
/** The part of the path before the last name is not a directory of objects. */
export const STATUS_OBJECT_PATH_INVALID = 0xc000_0039;
/** The part of the path before the last name does not exist. */
export const STATUS_OBJECT_PATH_NOT_FOUND = 0xc000_003a;
/** The path does not begin with a backslash, or has an invalid form. */
export const STATUS_OBJECT_PATH_SYNTAX_BAD = 0xc000_003b;
/** Data arrived faster than it was taken, and some of it was lost. */
export const STATUS_DATA_OVERRUN = 0xc000_003c;
/** Data was taken too late. */
export const STATUS_DATA_LATE_ERROR = 0xc000_003d;
/** Another handle to the file does not share this access. */
export const STATUS_SHARING_VIOLATION = 0xc000_0043;
/** The quota of the process is used up. */
export const STATUS_QUOTA_EXCEEDED = 0xc000_0044;
/** The thread does not own the mutant that it releases. */
export const STATUS_MUTANT_NOT_OWNED = 0xc000_0046;
/** The thread is ending. */
export const STATUS_THREAD_IS_TERMINATING = 0xc000_004b;
/** The extended attributes are too large. */
export const STATUS_EA_TOO_LARGE = 0xc000_0050;
/** The file is being deleted, and its last handle is still open. */
export const STATUS_DELETE_PENDING = 0xc000_0056;
/** The caller lacks a privilege that the operation needs. */
export const STATUS_PRIVILEGE_NOT_HELD = 0xc000_0061;
/** There is no such account. */
export const STATUS_NO_SUCH_USER = 0xc000_0064;
/** A DLL does not export the requested function. */
export const STATUS_PROCEDURE_NOT_FOUND = 0xc000_007a;
/** The system lacks a resource, mostly memory of the kernel. */
export const STATUS_INSUFFICIENT_RESOURCES = 0xc000_009a;
/** The device is not ready. */
export const STATUS_DEVICE_NOT_READY = 0xc000_00a3;
/** There is no free instance of the named pipe. */
export const STATUS_PIPE_NOT_AVAILABLE = 0xc000_00ac;
/** The pipe is in a state that does not allow the operation. */
export const STATUS_INVALID_PIPE_STATE = 0xc000_00ad;
/** Every instance of the named pipe is in use. */
export const STATUS_PIPE_BUSY = 0xc000_00ae;
/** The server has disconnected the pipe. */
export const STATUS_PIPE_DISCONNECTED = 0xc000_00b0;
/** The other end of the pipe is being closed. */
export const STATUS_PIPE_CLOSING = 0xc000_00b1;
/** The pipe is connected already. */
export const STATUS_PIPE_CONNECTED = 0xc000_00b2;
/** The pipe waits for a client. */
export const STATUS_PIPE_LISTENING = 0xc000_00b3;
/** The device did not answer within its time limit. */
export const STATUS_IO_TIMEOUT = 0xc000_00b5;
/** Another process closed the file forcibly. */
export const STATUS_FILE_FORCED_CLOSED = 0xc000_00b6;
/** The name is that of a directory, and a file is needed. */
export const STATUS_FILE_IS_A_DIRECTORY = 0xc000_00ba;
/** The request is known but not supported here. */
export const STATUS_NOT_SUPPORTED = 0xc000_00bb;
/** The remote computer does not listen. */
export const STATUS_REMOTE_NOT_LISTENING = 0xc000_00bc;
/** The name exists twice on the network. */
export const STATUS_DUPLICATE_NAME = 0xc000_00bd;
/** The network path was not found. */
export const STATUS_BAD_NETWORK_PATH = 0xc000_00be;
/** The network is busy. */
export const STATUS_NETWORK_BUSY = 0xc000_00bf;
/** The device no longer exists. */
export const STATUS_DEVICE_DOES_NOT_EXIST = 0xc000_00c0;
/** The limit of outstanding network commands is reached. */
export const STATUS_TOO_MANY_COMMANDS = 0xc000_00c1;
/** The network answered in an invalid form. */
export const STATUS_INVALID_NETWORK_RESPONSE = 0xc000_00c3;
/** An unexpected error occurred on the network. */
export const STATUS_UNEXPECTED_NETWORK_ERROR = 0xc000_00c4;
/** The remote adapter is not compatible. */
export const STATUS_BAD_REMOTE_ADAPTER = 0xc000_00c5;
/** The network name was deleted. */
export const STATUS_NETWORK_NAME_DELETED = 0xc000_00c9;
/** The network denies the access. */
export const STATUS_NETWORK_ACCESS_DENIED = 0xc000_00ca;
/** The network name does not exist. */
export const STATUS_BAD_NETWORK_NAME = 0xc000_00cc;
/** The limit of names on the network adapter is reached. */
export const STATUS_TOO_MANY_NAMES = 0xc000_00cd;
/** The limit of network sessions is reached. */
export const STATUS_TOO_MANY_SESSIONS = 0xc000_00ce;
/** The remote computer accepts no more connections. */
export const STATUS_REQUEST_NOT_ACCEPTED = 0xc000_00d0;
/** The two names are on different volumes. */
export const STATUS_NOT_SAME_DEVICE = 0xc000_00d4;
/** A component found an inconsistency of its own. */
export const STATUS_INTERNAL_ERROR = 0xc000_00e5;
/** The buffer of the request is not valid. */
export const STATUS_INVALID_USER_BUFFER = 0xc000_00e8;
/** A driver reported an error that has no translation. */
export const STATUS_UNEXPECTED_IO_ERROR = 0xc000_00e9;
/** The first argument is not valid. */
export const STATUS_INVALID_PARAMETER_1 = 0xc000_00ef;
/** The second argument is not valid. */
export const STATUS_INVALID_PARAMETER_2 = 0xc000_00f0;
/** The third argument is not valid. */
export const STATUS_INVALID_PARAMETER_3 = 0xc000_00f1;
/** The fourth argument is not valid. */
export const STATUS_INVALID_PARAMETER_4 = 0xc000_00f2;
/** The fifth argument is not valid. */
export const STATUS_INVALID_PARAMETER_5 = 0xc000_00f3;
/** The sixth argument is not valid. */
export const STATUS_INVALID_PARAMETER_6 = 0xc000_00f4;
/** The process is ending. */
export const STATUS_PROCESS_IS_TERMINATING = 0xc000_010a;
/** The limit of open files is reached. */
export const STATUS_TOO_MANY_OPENED_FILES = 0xc000_011f;
/** The request was cancelled. */
export const STATUS_CANCELLED = 0xc000_0120;
/** The file cannot be deleted. */
export const STATUS_CANNOT_DELETE = 0xc000_0121;
/** The file was deleted. */
export const STATUS_FILE_DELETED = 0xc000_0123;
/** The file object was closed already. */
export const STATUS_FILE_CLOSED = 0xc000_0128;
/** A DLL that the program needs was not found. */
export const STATUS_DLL_NOT_FOUND = 0xc000_0135;
/** A function that the program imports is not in its DLL. */
export const STATUS_ENTRYPOINT_NOT_FOUND = 0xc000_0139;
/** This side ended the connection. */
export const STATUS_LOCAL_DISCONNECT = 0xc000_013b;
/** The peer ended the connection. */
export const STATUS_REMOTE_DISCONNECT = 0xc000_013c;
/** The peer lacks a resource for the request. */
export const STATUS_REMOTE_RESOURCES = 0xc000_013d;
/** The link to the network failed. */
export const STATUS_LINK_FAILED = 0xc000_013e;
/** The link to the network did not answer in time. */
export const STATUS_LINK_TIMEOUT = 0xc000_013f;
/** The connection of the request is not valid. */
export const STATUS_INVALID_CONNECTION = 0xc000_0140;
/** The address of the request is not valid. */
export const STATUS_INVALID_ADDRESS = 0xc000_0141;
/** The device is in a state that does not allow the request. */
export const STATUS_INVALID_DEVICE_STATE = 0xc000_0184;
/** The length of the buffer is not one that the request allows. */
export const STATUS_INVALID_BUFFER_SIZE = 0xc000_0206;
/** The address has the wrong form, such as a wrong family. */
export const STATUS_INVALID_ADDRESS_COMPONENT = 0xc000_0207;
/** The limit of addresses is reached, such as that of free ports. */
export const STATUS_TOO_MANY_ADDRESSES = 0xc000_0209;
/** The address is in use. */
export const STATUS_ADDRESS_ALREADY_EXISTS = 0xc000_020a;
/** The address object was closed. */
export const STATUS_ADDRESS_CLOSED = 0xc000_020b;
/** The connection was ended. */
export const STATUS_CONNECTION_DISCONNECTED = 0xc000_020c;
/** The peer reset the connection. */
export const STATUS_CONNECTION_RESET = 0xc000_020d;
/** The transaction was aborted. */
export const STATUS_TRANSACTION_ABORTED = 0xc000_020f;
/** The transaction did not finish in time. */
export const STATUS_TRANSACTION_TIMED_OUT = 0xc000_0210;
/** There is no such object. Of a cancel: no request is pending that it could end. */
export const STATUS_NOT_FOUND = 0xc000_0225;
/** The object id exists already. */
export const STATUS_OBJECTID_EXISTS = 0xc000_022b;
/** The operation must be tried again. */
export const STATUS_RETRY = 0xc000_022d;
/** The handle is protected from being closed. */
export const STATUS_HANDLE_NOT_CLOSABLE = 0xc000_0235;
/** The peer refused the connection. */
export const STATUS_CONNECTION_REFUSED = 0xc000_0236;
/** The connection was ended gracefully. */
export const STATUS_GRACEFUL_DISCONNECT = 0xc000_0237;
/** The connection has an address already. */
export const STATUS_ADDRESS_ALREADY_ASSOCIATED = 0xc000_0238;
/** The connection has no address yet. */
export const STATUS_ADDRESS_NOT_ASSOCIATED = 0xc000_0239;
/** There is no such connection. */
export const STATUS_CONNECTION_INVALID = 0xc000_023a;
/** The connection exists already. */
export const STATUS_CONNECTION_ACTIVE = 0xc000_023b;
/** No route leads to the network. */
export const STATUS_NETWORK_UNREACHABLE = 0xc000_023c;
/** No route leads to the host. */
export const STATUS_HOST_UNREACHABLE = 0xc000_023d;
/** The host does not support the protocol. */
export const STATUS_PROTOCOL_UNREACHABLE = 0xc000_023e;
/** The host has no socket on this port. */
export const STATUS_PORT_UNREACHABLE = 0xc000_023f;
/** The request was aborted. */
export const STATUS_REQUEST_ABORTED = 0xc000_0240;
/** This side aborted the connection. */
export const STATUS_CONNECTION_ABORTED = 0xc000_0241;
/** The limit of connections is reached. */
export const STATUS_CONNECTION_COUNT_LIMIT = 0xc000_0246;
/** The server does not serve this path of a distributed file system. */
export const STATUS_PATH_NOT_COVERED = 0xc000_0257;
/** A reparse point could not be followed. */
export const STATUS_REPARSE_POINT_NOT_RESOLVED = 0xc000_0280;
/** The device was removed. */
export const STATUS_DEVICE_REMOVED = 0xc000_02b6;
/** A packet had to pass more routers than its limit allows. */
export const STATUS_HOPLIMIT_EXCEEDED = 0xc000_a012;
