import { type Poll, type Polled, type PollOptions, RawPoller } from 'nt-afd/raw-poll';
import { AFD_POLL_RECEIVE, AFD_POLL_SEND } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { type Finding, finding, uncited, wineTests } from '../finding.js';
import { type Loopback, pause, soonMs } from '../loopback.js';
import { reportText } from '../text.js';

const closedHandles = finding(
  'F18',
  {
    title: 'Closing an AFD handle completes its polls; closing the port does not',
    claim:
      'Closing the AFD handle on which a poll was submitted completes the poll at once, ' +
      'with STATUS_HANDLES_CLOSED (0x8000000A, a warning) and a packet. After that the ' +
      'kernel no longer writes to the block of the poll. If only the port is closed, the ' +
      'poll stays pending, and the kernel writes to its block when the socket becomes ' +
      'ready. So a poller that closes must first close its AFD handles, then remove the ' +
      'packets, then close the port, and only then free the memory.',
    cited: [
      'c-ares, issue 798, where memory was freed under a pending poll',
      wineTests(
        ', where a poll that was submitted on a socket stays pending until its time-out ' +
          'after that socket was closed; the test is marked as failing under Wine. No ' +
          'source states what happens when an AFD handle or the port is closed, so nothing ' +
          'is expected',
      ),
    ],
  },
  {
    'the handle of AFD closed: packet': uncited('STATUS_HANDLES_CLOSED'),
    'the block after it, when data comes': uncited('untouched'),
    'the port closed: a wait': uncited('STATUS_INVALID_HANDLE'),
    'the port closed: the poll': uncited('pending'),
    'the port closed, data comes: events in its block': uncited('RECEIVE'),
    'the port closed, own close: events in its block': uncited('LOCAL_CLOSE'),
    'both closed: the polls': uncited('ended'),
  },
  async function* (loopback) {
    yield* closeAfdHandle(loopback);
    const [byData, byClose] = [await closePort(loopback), await closePort(loopback)];
    try {
      yield ['the port closed: a wait', byData.poller.take(1, 0).status];
      await pause(50);
      yield ['the port closed: the poll', reportText(byData.poll)];
      byData.client.send(Buffer.from('x'));
      byClose.server.close();
      for (const { poll } of [byData, byClose]) await toEnd(poll);
      yield ['the port closed, data comes: events in its block', reportText(byData.poll)];
      yield ['the port closed, own close: events in its block', reportText(byClose.poll)];
      // The remedy: close the AFD handle as well, and free the memory only after that.
      for (const each of [byData, byClose]) await each.closeAfd();
      const areEnded = !byData.poll.isPending && !byClose.poll.isPending;
      yield ['both closed: the polls', areEnded ? 'ended' : 'pending'];
    } finally {
      for (const each of [byData, byClose]) await each.release();
    }
  },
);

/** Waits until a poll has completed, for a limited time. It reads the block: there is no port. */
async function toEnd(poll: Poll): Promise<void> {
  for (let waitedMs = 0; waitedMs < soonMs && poll.isPending; waitedMs += 5) await pause(5);
}

const pattern = 0x5a;

async function* closeAfdHandle(loopback: Loopback) {
  const { client, server } = await loopback.connectPair();
  const poller = new RawPoller();
  const { poll } = poller.arm(server, AFD_POLL_RECEIVE);
  poller.closeHandle(poller.afd);
  try {
    const packet = poller.next(soonMs);
    yield [
      'the handle of AFD closed: packet',
      packet?.poll === poll ? packet.status : 'no packet',
    ] as const;
    const name = 'the block after it, when data comes';
    if (poll.isPending) {
      yield [name, 'owned by the kernel: the poll is pending'] as const;
      return;
    }
    // The block should belong to the program now. The probe fills it, and checks later that the
    // kernel has not written to it.
    poll.memory.fill(pattern);
    client.send(Buffer.from('x'));
    server.close();
    await pause(100);
    const bytes = poll.memory.read(0, poll.memory.byteLength);
    yield [name, bytes.every((byte) => byte === pattern) ? 'untouched' : 'written to'] as const;
  } finally {
    // If the poll is still pending after its AFD handle was closed, only closing its socket
    // completes it.
    server.close();
    await toEnd(poll);
    poller.close();
  }
}

/**
 * Submits a poll and closes its port. The poller does not belong to the loopback, which would close
 * the port a second time.
 */
async function closePort(loopback: Loopback) {
  const { client, server } = await loopback.connectPair();
  const poller = new RawPoller();
  const { poll } = poller.arm(server, AFD_POLL_RECEIVE);
  poller.closeHandle(poller.port);
  const closeAfd = async () => {
    poller.closeHandle(poller.afd);
    await toEnd(poll);
  };
  const release = async () => {
    server.close();
    await closeAfd();
    poller.close();
  };
  return { poller, poll, client, server, closeAfd, release };
}

const wrongHandle = ['STATUS_OBJECT_TYPE_MISMATCH', 'STATUS_INVALID_HANDLE'];
const wrongLength = ['STATUS_INVALID_PARAMETER', 'STATUS_BUFFER_TOO_SMALL'];

const refusedPolls = finding(
  'F19',
  {
    title: 'An invalid poll is refused at once',
    claim:
      'NtDeviceIoControlFile returns an error status for three kinds of invalid polls: a ' +
      'poll of something other than a socket (an event, a port, 0, INVALID_SOCKET, a ' +
      'closed socket), a poll of 0 handles, and a poll with a buffer that is too small ' +
      'for its handles. NT posts no packet, and the poller still works. The status is ' +
      'STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH or STATUS_INVALID_PARAMETER. ' +
      'One kind is never tried: a poll of an AFD handle, that is, of a handle that was ' +
      'opened on the AFD device. Under Wine 8 that call did not return, and the ' +
      'wineserver crashed.',
    cited: [
      'libuv `test/test-poll.c` (`poll_bad_fdtype`), wepoll `test/test-error.c`',
      wineTests(
        ': STATUS_INVALID_HANDLE for any invalid socket, STATUS_INVALID_PARAMETER for a ' +
          'count that exceeds the buffer',
      ),
    ],
  },
  {
    'of an event': wrongHandle,
    'of a port': wrongHandle,
    'of no handle': 'STATUS_INVALID_HANDLE',
    'of a number': 'STATUS_INVALID_HANDLE',
    'of INVALID_SOCKET': wrongHandle,
    // Under Wine another object may already have the handle value of the closed socket.
    'of a socket just closed': wrongHandle,
    'of 0 handles': 'STATUS_INVALID_PARAMETER',
    'of more handles than there are': wrongLength,
    'with a buffer 8 bytes short': wrongLength,
    'packets of all these': '0',
    'a poll after them': 'SEND',
    'of a handle of AFD itself': {
      notRun: 'under Wine 8 it ends the wineserver, and with it all programs of the prefix',
    },
  },
  async function* (loopback) {
    const { poller } = loopback;
    const event = CreateEventA(0, 1, 0, 0);
    const datagram = loopback.datagram();
    try {
      const tries = [
        ['of an event', event],
        ['of a port', poller.port],
        ['of no handle', 0],
        ['of a number', 0x7fff_fff0],
        ['of INVALID_SOCKET', 0xffff_ffff_ffff_ffffn],
        ['of a socket just closed', closedSocket(loopback)],
        ['of 0 handles', datagram, { lies: { count: 0 } }],
        ['of more handles than there are', datagram, { lies: { count: 2 } }],
        ['with a buffer 8 bytes short', datagram, { lies: { inLength: 24, outLength: 24 } }],
      ] as const satisfies readonly (readonly [string, Polled, PollOptions?])[];
      for (const [name, polled, options] of tries) {
        const { poll, status } = poller.arm(polled, AFD_POLL_SEND, options);
        // NT rejected the poll, so its memory belongs to the program again.
        if (!/^STATUS_(SUCCESS|PENDING)$/.test(status)) poller.free(poll);
        yield [name, status];
      }
    } finally {
      CloseHandle(event);
    }
    let packets = 0;
    while (poller.next(50) !== undefined) packets += 1;
    yield ['packets of all these', String(packets)];
    const { client } = await loopback.connectPair();
    yield ['a poll after them', await loopback.reported(client, AFD_POLL_SEND)];
  },
);

function closedSocket(loopback: Loopback): bigint {
  const skt = loopback.datagram();
  const { socket } = skt;
  skt.close();
  return BigInt(socket);
}

/** Findings about invalid polls, and about handles that are closed while a poll uses them. */
export const wrongPolls: readonly Finding[] = [closedHandles, refusedPolls];
