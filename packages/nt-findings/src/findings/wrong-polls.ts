import { type Poll, type Polled, type PollOptions, RawPoller } from 'nt-afd/raw-poll';
import { AFD_POLL_RECEIVE, AFD_POLL_SEND } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { type Finding, finding, uncited, wineTests } from '../finding.js';
import { type Loopback, pause, soonMs } from '../loopback.js';
import { reportText } from '../text.js';

const closedHandles = finding(
  'F18',
  {
    title: 'Closing the AFD handle ends its polls, closing the port does not',
    claim:
      'Closing the AFD handle that a poll was made on ends the poll at once with ' +
      'STATUS_HANDLES_CLOSED (0x8000000A, a warning and no success), with its packet, ' +
      'and its block is no longer written to. Closing the port leaves the poll pending, ' +
      'and the kernel writes to its block when the socket becomes ready. So a poller ' +
      'that is closed closes its AFD handles first, takes the packets, closes the port, ' +
      'and only then gives the memory back.',
    cited: [
      'c-ares, issue 798, where memory was freed under a pending poll',
      wineTests(
        ', where a poll through a socket that is then closed lives on to its time-out, ' +
          "marked there as a difference of Wine's. An AFD handle and the port are " +
          'unspecified, so nothing is expected',
      ),
    ],
  },
  {
    'the handle of AFD closed: packet': uncited('STATUS_HANDLES_CLOSED'),
    'the block after it, when data comes': uncited('untouched'),
    'the port closed: a wait': uncited('STATUS_INVALID_HANDLE'),
    'the port closed: the poll': uncited('pending'),
    'the port closed, data comes: block': uncited('RECEIVE'),
    'the port closed, own close: block': uncited('LOCAL_CLOSE'),
    'both closed: the polls': uncited('ended'),
  },
  async function* (loopback) {
    yield* closeHelper(loopback);
    const [byData, byClose] = [await closePort(loopback), await closePort(loopback)];
    try {
      yield ['the port closed: a wait', byData.poller.take(1, 0).status];
      await pause(50);
      yield ['the port closed: the poll', reportText(byData.poll)];
      byData.client.send(Buffer.from('x'));
      byClose.server.close();
      for (const { poll } of [byData, byClose]) await toEnd(poll);
      yield ['the port closed, data comes: block', reportText(byData.poll)];
      yield ['the port closed, own close: block', reportText(byClose.poll)];
      // The remedy: close the AFD handle as well, and free the memory only after that.
      for (const each of [byData, byClose]) await each.closeHelper();
      const areEnded = !byData.poll.isPending && !byClose.poll.isPending;
      yield ['both closed: the polls', areEnded ? 'ended' : 'pending'];
    } finally {
      for (const each of [byData, byClose]) await each.release();
    }
  },
);

/** Waits for a poll to end, without a port, for a limited time. */
async function toEnd(poll: Poll): Promise<void> {
  for (let waitedMs = 0; waitedMs < soonMs && poll.isPending; waitedMs += 5) await pause(5);
}

const pattern = 0x5a;

async function* closeHelper(loopback: Loopback) {
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
      yield [name, 'still the kernel’s: the poll is pending'] as const;
      return;
    }
    // The block should belong to the program again. The probe checks this by observing whether the
    // kernel still writes to it.
    poll.memory.fill(pattern);
    client.send(Buffer.from('x'));
    server.close();
    await pause(100);
    const bytes = poll.memory.read(0, poll.memory.byteLength);
    yield [name, bytes.every((byte) => byte === pattern) ? 'untouched' : 'written to'] as const;
  } finally {
    // If a poll outlives its AFD handle, only closing its socket can end it.
    server.close();
    await toEnd(poll);
    poller.close();
  }
}

/**
 * Closes the port of a pending poll. It is not part of the loopback, which would close the port a
 * second time.
 */
async function closePort(loopback: Loopback) {
  const { client, server } = await loopback.connectPair();
  const poller = new RawPoller();
  const { poll } = poller.arm(server, AFD_POLL_RECEIVE);
  poller.closeHandle(poller.port);
  const closeHelper = async () => {
    poller.closeHandle(poller.afd);
    await toEnd(poll);
  };
  const release = async () => {
    server.close();
    await closeHelper();
    poller.close();
  };
  return { poller, poll, client, server, closeHelper, release };
}

const wrongHandle = ['STATUS_OBJECT_TYPE_MISMATCH', 'STATUS_INVALID_HANDLE'];
const wrongLength = ['STATUS_INVALID_PARAMETER', 'STATUS_BUFFER_TOO_SMALL'];

const refusedPolls = finding(
  'F19',
  {
    title: 'An invalid poll is refused at once',
    claim:
      'A poll of something other than a socket (an event, a port, 0, INVALID_SOCKET, a ' +
      'value that was just closed), of 0 handles, or with fewer bytes than its handles ' +
      'need, returns an error status from NtDeviceIoControlFile. No packet comes, and ' +
      'the poller goes on. Which status it is differs: STATUS_INVALID_HANDLE, ' +
      'STATUS_OBJECT_TYPE_MISMATCH or STATUS_INVALID_PARAMETER. One mistake is never ' +
      'tried: naming as the socket a handle that was opened on AFD by name. Under Wine ' +
      '8 the call did not return and the wineserver ended.',
    cited: [
      'libuv `test/test-poll.c` (`poll_bad_fdtype`), wepoll `test/test-error.c`',
      wineTests(
        ': STATUS_INVALID_HANDLE for any invalid socket, STATUS_INVALID_PARAMETER for a ' +
          'count beyond the room',
      ),
    ],
  },
  {
    'of an event': wrongHandle,
    'of a port': wrongHandle,
    'of no handle': 'STATUS_INVALID_HANDLE',
    'of a number': 'STATUS_INVALID_HANDLE',
    'of INVALID_SOCKET': wrongHandle,
    // Under Wine another object sometimes has the same handle value already.
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
        // The memory of a rejected poll belongs to the program.
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

/** Findings about wrong polls, and about handles that were closed while a poll used them. */
export const wrongPolls: readonly Finding[] = [closedHandles, refusedPolls];
