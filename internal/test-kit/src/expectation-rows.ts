import type { KernelName } from './kernels.js';

/** The observation of a test: a plain value, so that a failure can name it. */
export type Observed = string | number | boolean;

/** No source states the value for this kernel: any value is accepted. */
export const unspecified = { isUnspecified: true } as const;

/** The expectation for a kernel: one value, one of several, or nothing cited. */
export type Expected = Observed | readonly Observed[] | typeof unspecified;

/**
 * The observer of a row: one of the three suites that can run on the real kernel with any kernel's
 * expectations, or the tests of a package.
 */
export type Holder =
  | 'contract'
  | 'conformance'
  | 'threads'
  | 'poc-stage2-echo'
  | 'tofu-sockets'
  | 'tofu-reactor';

/**
 * A difference between kernels. Without its own value, Wine 9 behaves as Wine 8, and Wine 11 as
 * Wine 10.
 */
export interface Row extends Partial<Record<KernelName, Expected>> {
  /** Description of the observation. */
  readonly what: string;
  /**
   * A finding of `kb/FINDINGS.md`, or `kb/ACTIVE_KB.md`, whose table contains the row with the
   * source for Windows.
   */
  readonly page: `F${number}` | 'ACTIVE_KB';
  readonly heldBy: readonly Holder[];
  readonly wine8: Expected;
  readonly wine10: Expected;
  /** Cited and unverified. */
  readonly windows: Expected;
}

const table = {
  acceptAfterReset: {
    what: 'accept, after the waiting client has reset its connection',
    page: 'ACTIVE_KB',
    heldBy: ['contract'],
    wine8: 'a connection',
    wine10: 'a connection',
    windows: 'WSAECONNRESET',
  },
  cancelOfNothing: {
    what: 'NtCancelIoFileEx of all requests on a handle without pending requests',
    page: 'ACTIVE_KB',
    heldBy: ['contract'],
    wine8: 'STATUS_SUCCESS',
    wine10: 'STATUS_NOT_FOUND',
    windows: 'STATUS_NOT_FOUND',
  },
  closeOfClosedSocket: {
    what: 'closesocket of a socket whose handle another thread has closed',
    page: 'ACTIVE_KB',
    heldBy: ['threads'],
    wine8: 'no error',
    wine10: 'no error',
    windows: 'WSAENOTSOCK',
  },
  closeOfPollingHandle: {
    what: 'the completion of a poll when the AFD handle on which it was submitted is closed',
    page: 'F18',
    heldBy: ['contract'],
    wine8: 'STATUS_HANDLES_CLOSED',
    wine10: 'STATUS_HANDLES_CLOSED',
    windows: 'STATUS_TIMEOUT',
  },
  connectBeyondBacklog: {
    what: 'a connect to a listener on loopback whose backlog is full',
    page: 'ACTIVE_KB',
    heldBy: ['tofu-sockets'],
    wine8: 'under way',
    wine10: 'under way',
    windows: 'WSAECONNREFUSED',
  },
  countAfterTimeout: {
    what: 'the count that NtRemoveIoCompletionEx stores on a time-out',
    page: 'ACTIVE_KB',
    heldBy: ['contract'],
    wine8: 1,
    wine10: 1,
    windows: [0, 1],
  },
  disconnectBehindData: {
    what: 'AFD_POLL_DISCONNECT after a FIN, while data before it is unread',
    page: 'F06',
    heldBy: ['contract', 'conformance', 'tofu-sockets'],
    wine8: 'silent',
    wine10: 'silent',
    windows: 'reported',
  },
  handleReuse: {
    what: 'the handle value of a new socket after another socket was closed',
    page: 'ACTIVE_KB',
    heldBy: ['contract', 'tofu-sockets'],
    wine8: 'the one that was closed',
    wine10: 'the one that was closed',
    windows: unspecified,
  },
  hardCloseWithQueuedBytes: {
    what: 'what a hard close sends while bytes are queued that the peer does not read',
    page: 'F25',
    heldBy: ['tofu-reactor'],
    wine8: 'a reset',
    wine10: 'nothing yet',
    windows: 'a reset',
  },
  peerAfterReset: {
    what: 'getpeername of a connection that was reset',
    page: 'ACTIVE_KB',
    heldBy: ['contract'],
    wine8: 'WSAENOTCONN',
    wine10: 'the peer',
    windows: unspecified,
  },
  recvAfterReset: {
    what: 'recv after the peer reset the connection',
    page: 'F20',
    heldBy: ['contract', 'poc-stage2-echo', 'tofu-sockets'],
    wine8: 'the end',
    wine10: 'WSAECONNRESET',
    windows: 'WSAECONNRESET',
  },
  recvAfterResetBehindData: {
    what: 'recv after data and then a reset, both unread',
    page: 'ACTIVE_KB',
    heldBy: ['contract', 'conformance', 'tofu-sockets'],
    wine8: 'the data',
    wine10: 'WSAECONNRESET',
    windows: 'WSAECONNRESET',
  },
  sendBeforeConnect: {
    what: 'send on a socket that was never connected',
    page: 'ACTIVE_KB',
    heldBy: ['contract', 'tofu-sockets'],
    wine8: 'WSAECONNRESET',
    wine10: 'WSAECONNRESET',
    windows: 'WSAENOTCONN',
  },
  smallestTimeout: {
    what: 'a poll whose Timeout is INT64_MIN',
    page: 'ACTIVE_KB',
    heldBy: ['contract'],
    wine8: 'pending',
    wine10: 'pending',
    windows: unspecified,
  },
  statusOfReadyPoll: {
    what: 'the status that NtDeviceIoControlFile returns for a poll that completes at once',
    page: 'F02',
    heldBy: ['contract'],
    wine8: 'STATUS_SUCCESS',
    wine10: 'STATUS_SUCCESS',
    windows: ['STATUS_SUCCESS', 'STATUS_PENDING'],
  },
} as const satisfies Record<string, Row>;

/** The name of a row. */
export type RowName = keyof typeof table;

/** One row for each difference between kernels, by name. */
export const expectationRows: Readonly<Record<RowName, Row>> = table;
