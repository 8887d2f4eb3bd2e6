import { type NTSTATUS, STATUS_NOT_FOUND, STATUS_SUCCESS } from 'ntdllx';

/**
 * The kernels that can be simulated. `wine11` has wine-staging's AF_UNIX. `windows` is modelled
 * from citations and was never measured.
 */
export type ProfileName = 'wine8' | 'wine10' | 'wine11' | 'windows';

/** The differences between the kernels. Everything else is the same for all of them. */
export interface Profile {
  readonly name: ProfileName;
  /** True if recv after a reset returns the end of the stream, false if it fails. */
  readonly resetEndsStream: boolean;
  /**
   * send without a connection fails with WSAECONNRESET, and recv after a failed connect returns
   * the end of the stream (Wine).
   */
  readonly hasUnixErrors: boolean;
  /** getpeername fails once a connection has ended (Wine 8). */
  readonly forgetsPeer: boolean;
  /** A reset discards data that was not received yet. */
  readonly resetDropsData: boolean;
  /** DISCONNECT is reported only after all data before the FIN was received. */
  readonly disconnectAfterData: boolean;
  /**
   * Closing the handle on which a poll was submitted completes the poll with STATUS_HANDLES_CLOSED.
   */
  readonly closeEndsPolls: boolean;
  /** The result of NtCancelIoFileEx for all requests if none is pending. */
  readonly cancelOfNothing: NTSTATUS;
  /** NumEntriesRemoved after a time-out: always 1, or 0 or 1. */
  readonly countsTimeout: boolean;
  /** The time until a connect to a closed port fails. */
  readonly refusalMs: number;
  /** The value of the next handle: the lowest free value, or the value that was closed last. */
  readonly handleOrder: 'lowest' | 'last';
  /** SEND is reported again only when a third of the send buffer is free. */
  readonly sendNeedsThird: boolean;
  /** A datagram to a closed port fails the next receive, unless SIO_UDP_CONNRESET is off. */
  readonly hasUdpReset: boolean;
  /** A connected UDP socket reports CONNECT. */
  readonly udpSaysConnect: boolean;
  /** With SO_REUSEADDR a socket can take over a port. */
  readonly canStealPort: boolean;
  /** If a client disconnects before the accept, accept fails with WSAECONNRESET. */
  readonly acceptTellsReset: boolean;
  /**
   * AF_UNIX: absent, or whether a connect succeeds at once (measured on Wine 11) or is pending
   * first.
   */
  readonly afUnix: 'absent' | 'at once' | 'under way';
  /**
   * The file of a socket. Wine does not return its attributes, and DeleteFileW does not remove it
   * (measured on 8 and 10) or removes it (measured on 11). On Windows it is a reparse point, and
   * DeleteFileW removes it.
   */
  readonly socketFile: 'stays' | 'goes' | 'reparse point';
}

const wine8: Profile = {
  name: 'wine8',
  resetEndsStream: true,
  hasUnixErrors: true,
  forgetsPeer: true,
  resetDropsData: false,
  disconnectAfterData: true,
  closeEndsPolls: true,
  cancelOfNothing: STATUS_SUCCESS,
  countsTimeout: true,
  refusalMs: 0,
  handleOrder: 'lowest',
  sendNeedsThird: true,
  hasUdpReset: false,
  udpSaysConnect: false,
  canStealPort: false,
  acceptTellsReset: false,
  afUnix: 'absent',
  socketFile: 'stays',
};

const wine10: Profile = {
  ...wine8,
  name: 'wine10',
  resetEndsStream: false,
  forgetsPeer: false,
  resetDropsData: true,
  cancelOfNothing: STATUS_NOT_FOUND,
};

/** One row for each kernel. */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  wine8,
  wine10,
  wine11: { ...wine10, name: 'wine11', afUnix: 'at once', socketFile: 'goes' },
  windows: {
    name: 'windows',
    resetEndsStream: false,
    hasUnixErrors: false,
    forgetsPeer: false,
    resetDropsData: true,
    disconnectAfterData: false,
    closeEndsPolls: false,
    cancelOfNothing: STATUS_NOT_FOUND,
    countsTimeout: false,
    refusalMs: 2_000,
    handleOrder: 'last',
    sendNeedsThird: false,
    hasUdpReset: true,
    udpSaysConnect: true,
    canStealPort: true,
    acceptTellsReset: true,
    afUnix: 'under way',
    socketFile: 'reparse point',
  },
};
