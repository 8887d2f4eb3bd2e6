import { type NTSTATUS, STATUS_NOT_FOUND, STATUS_SUCCESS } from 'ntdllx';

/**
 * The kernels that can be played. `wine11` has wine-staging's AF_UNIX. `windows` is modelled from
 * citations and was never measured.
 */
export type ProfileName = 'wine8' | 'wine10' | 'wine11' | 'windows';

/** In what the kernels differ. Everything else is the same on all of them. */
export interface Profile {
  readonly name: ProfileName;
  /** recv after a reset: the end of the stream, or an error. */
  readonly resetEndsStream: boolean;
  /** send without a connection says WSAECONNRESET, and recv of a failed one the end (Wine). */
  readonly hasUnixErrors: boolean;
  /** getpeername knows no peer once a connection is over (Wine 8). */
  readonly forgetsPeer: boolean;
  /** A reset throws away what was not received yet. */
  readonly resetDropsData: boolean;
  /** DISCONNECT only once everything before the FIN was received. */
  readonly disconnectAfterData: boolean;
  /** Closing the handle that a poll was made on ends the poll with STATUS_HANDLES_CLOSED. */
  readonly closeEndsPolls: boolean;
  /** What NtCancelIoFileEx of everything says where nothing is pending. */
  readonly cancelOfNothing: NTSTATUS;
  /** NumEntriesRemoved after a time-out: always 1, or 0 or 1. */
  readonly countsTimeout: boolean;
  /** How long it takes until a connect to a closed port fails. */
  readonly refusalMs: number;
  /** Which handle value comes next: the lowest free one, or the one that was closed last. */
  readonly handleOrder: 'lowest' | 'last';
  /** SEND comes back only when a third of the send buffer is free. */
  readonly sendNeedsThird: boolean;
  /** A datagram to a closed port fails the next receive, unless SIO_UDP_CONNRESET is off. */
  readonly hasUdpReset: boolean;
  /** A UDP socket says CONNECT once it is connected. */
  readonly udpSaysConnect: boolean;
  /** SO_REUSEADDR takes a port over. */
  readonly canStealPort: boolean;
  /** A client that gave up while it waited fails an accept with WSAECONNRESET. */
  readonly acceptTellsReset: boolean;
  /** AF_UNIX: absent, or whether a connect succeeds at once (measured on Wine 11) or is under way first. */
  readonly afUnix: 'absent' | 'at once' | 'under way';
  /**
   * The file of a socket: Wine refuses to say its attributes, and DeleteFileW leaves it there (measured on
   * 8 and 10) or removes it (measured on 11); on Windows it is a reparse point, and is removed.
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
