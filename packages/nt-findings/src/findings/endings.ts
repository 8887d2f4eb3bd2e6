import { everything } from 'nt-afd/raw-poll';
import {
  AFD_POLL_ABORT,
  AFD_POLL_CONNECT,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  AFD_POLL_SEND,
} from 'ntdllx';
import { type Finding, finding, wineTests } from '../finding.js';
import { outcome, pause, soonMs } from '../loopback.js';
import { bitsText, packetText } from '../text.js';

/** The bits that a connected socket without received data always reports. */
const idleBits = AFD_POLL_SEND | AFD_POLL_CONNECT;
const oneByte = () => new Uint8Array(1);

const fin = finding(
  'F06',
  {
    title: 'FIN is DISCONNECT',
    claim:
      "After the other side's FIN a poll reports DISCONNECT, each time it is asked. A " +
      'mask of RECEIVE alone stays silent. While data is unread Wine reports RECEIVE ' +
      'only, and DISCONNECT when it was read.',
    cited: [
      wineTests(
        ': RECEIVE and DISCONNECT at once with unread data, marked there as a ' +
          "difference of Wine's",
      ),
    ],
  },
  {
    'everything, but for SEND and CONNECT': 'DISCONNECT',
    'asked again': 'DISCONNECT',
    'RECEIVE alone': 'silent',
    recv: '0',
    'unread data, RECEIVE alone': 'RECEIVE',
    'unread data, DISCONNECT alone': { wine8: 'silent', wine10: 'silent', windows: 'DISCONNECT' },
    'data read, DISCONNECT alone': 'DISCONNECT',
  },
  async function* (loopback) {
    const one = await loopback.connectPair();
    one.client.shutdown('send');
    await loopback.reported(one.server, AFD_POLL_DISCONNECT);
    const reported = await loopback.reported(one.server, everything, idleBits);
    yield ['everything, but for SEND and CONNECT', reported];
    yield ['asked again', await loopback.reported(one.server, everything, idleBits)];
    yield ['RECEIVE alone', await loopback.reportedOrSilent(one.server, AFD_POLL_RECEIVE)];
    yield ['recv', outcome(() => one.server.recv(oneByte()))];
    const other = await loopback.connectPair();
    other.client.send(Buffer.from('x'));
    other.client.shutdown('send');
    yield ['unread data, RECEIVE alone', await loopback.reported(other.server, AFD_POLL_RECEIVE)];
    yield [
      'unread data, DISCONNECT alone',
      await loopback.reportedOrSilent(other.server, AFD_POLL_DISCONNECT),
    ];
    other.server.recv(oneByte());
    yield [
      'data read, DISCONNECT alone',
      await loopback.reported(other.server, AFD_POLL_DISCONNECT),
    ];
  },
);

const rst = finding(
  'F07',
  {
    title: 'RST is ABORT',
    claim:
      'After a reset a poll reports ABORT, each time it is asked. Masks of RECEIVE or ' +
      'DISCONNECT alone stay silent, so ABORT belongs into every mask.',
    cited: [wineTests(' (`test_poll_reset`)')],
  },
  {
    'ABORT alone': 'ABORT',
    'asked again': 'ABORT',
    'RECEIVE alone': 'silent',
    'DISCONNECT alone': 'silent',
  },
  async function* (loopback) {
    const server = await loopback.resetByPeer();
    yield ['ABORT alone', await loopback.reported(server, AFD_POLL_ABORT)];
    yield ['asked again', await loopback.reported(server, AFD_POLL_ABORT)];
    yield ['RECEIVE alone', await loopback.reportedOrSilent(server, AFD_POLL_RECEIVE)];
    yield ['DISCONNECT alone', await loopback.reportedOrSilent(server, AFD_POLL_DISCONNECT)];
  },
);

const ownClose = finding(
  'F09',
  {
    title: 'Closing a socket ends its poll with LOCAL_CLOSE',
    claim:
      'closesocket completes a pending poll of that socket with STATUS_SUCCESS and ' +
      'LOCAL_CLOSE, whatever the mask asked for, 0 included. A cancel comes too late ' +
      'then: STATUS_NOT_FOUND.',
    cited: [
      wineTests(),
      'wepoll `src/afd.c` and mio `src/sys/windows/afd.rs` take STATUS_NOT_FOUND for ' +
        'a poll that is over',
    ],
  },
  {
    'mask RECEIVE, before the close': 'no packet',
    'mask RECEIVE': 'STATUS_SUCCESS, Information 32, LOCAL_CLOSE',
    'mask RECEIVE, a cancel after it': 'STATUS_NOT_FOUND',
    'mask LOCAL_CLOSE, before the close': 'no packet',
    'mask LOCAL_CLOSE': 'STATUS_SUCCESS, Information 32, LOCAL_CLOSE',
    'mask LOCAL_CLOSE, a cancel after it': 'STATUS_NOT_FOUND',
    'mask 0, before the close': 'no packet',
    'mask 0': 'STATUS_SUCCESS, Information 32, LOCAL_CLOSE',
    'mask 0, a cancel after it': 'STATUS_NOT_FOUND',
  },
  async function* (loopback) {
    const { poller } = loopback;
    for (const [mask, bits] of [
      ['RECEIVE', AFD_POLL_RECEIVE],
      ['LOCAL_CLOSE', AFD_POLL_LOCAL_CLOSE],
      ['0', 0],
    ] as const) {
      const { client } = await loopback.connectPair();
      const { poll } = poller.arm(client, bits);
      yield [`mask ${mask}, before the close`, packetText(poller.next(20), poll)];
      client.close();
      const packet = packetText(poller.next(soonMs), poll);
      yield [`mask ${mask}`, `${packet}, ${bitsText(poll.output.handle(0).Events)}`];
      yield [`mask ${mask}, a cancel after it`, poller.cancel(poll)];
      poller.end(poll);
    }
  },
);

const unreadClose = finding(
  'F20',
  {
    title: 'A close with unread data is ABORT',
    claim:
      'A peer that closes while it has unread data resets the connection, and a poll ' +
      'reports ABORT. Under Wine 8 recv then returns 0, as if the peer had ended ' +
      'cleanly: there only the poll distinguishes the two.',
    cited: [
      'RFC 1122, section 4.2.2.13, for the reset',
      "Microsoft's documentation of recv for WSAECONNRESET",
      'F07 for ABORT',
    ],
  },
  {
    'ABORT alone': 'ABORT',
    recv: { wine8: '0', wine10: 'WSAECONNRESET', windows: 'WSAECONNRESET' },
  },
  async function* (loopback) {
    const { client, server } = await loopback.connectPair();
    client.send(Buffer.from('unread'));
    await loopback.reported(server, AFD_POLL_RECEIVE);
    server.close();
    yield ['ABORT alone', await loopback.reported(client, AFD_POLL_ABORT)];
    yield ['recv', outcome(() => client.recv(oneByte()))];
  },
);

const maskOfZero = finding(
  'F21',
  {
    title: 'A mask of 0 does not report a reset',
    claim:
      'A poll with a mask of 0 stays pending when the peer resets, though it reports ' +
      'the close of its own socket (F09). A program that wants hang-ups without any ' +
      'other interest asks for ABORT.',
    cited: ['wepoll `src/sock.c`, which adds ABORT to every mask'],
  },
  { 'mask 0': 'silent', 'ABORT and LOCAL_CLOSE': 'ABORT' },
  async function* (loopback) {
    const server = await loopback.resetByPeer();
    await loopback.reported(server, AFD_POLL_ABORT);
    yield ['mask 0', await loopback.reportedOrSilent(server, 0)];
    const hangUps = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE;
    yield ['ABORT and LOCAL_CLOSE', await loopback.reported(server, hangUps)];
  },
);

const ownShutdown = finding(
  'F22',
  {
    title: 'Own shutdown is no event',
    claim:
      'After an own shutdown of sending, or of receiving, a poll of everything but SEND ' +
      'and CONNECT stays silent: DISCONNECT and ABORT are about the other side.',
    cited: [
      'mio `tests/tcp_stream.rs` (`shutdown_write`, `shutdown_read`)',
      wineTests(),
      "Microsoft's documentation of recv for WSAESHUTDOWN",
    ],
  },
  {
    'sending ended': 'silent',
    send: {
      wine8: 'WSAESHUTDOWN',
      wine10: 'WSAESHUTDOWN',
      // mio's tests accept either.
      windows: ['WSAESHUTDOWN', 'WSAECONNABORTED'],
    },
    'data comes': 'RECEIVE',
    'recv of it': '1',
    'receiving ended': 'silent',
    'recv then': 'WSAESHUTDOWN',
  },
  async function* (loopback) {
    const mask = everything & ~idleBits;
    const one = await loopback.connectPair();
    one.client.shutdown('send');
    yield ['sending ended', await loopback.reportedOrSilent(one.client, mask)];
    yield ['send', outcome(() => one.client.send(Buffer.from('x')))];
    one.server.send(Buffer.from('x'));
    yield ['data comes', await loopback.reported(one.client, AFD_POLL_RECEIVE)];
    yield ['recv of it', outcome(() => one.client.recv(oneByte()))];
    const other = await loopback.connectPair();
    other.client.shutdown('receive');
    yield ['receiving ended', await loopback.reportedOrSilent(other.client, mask)];
    yield ['recv then', outcome(() => other.client.recv(oneByte()))];
  },
);

const resetBetween = finding(
  'F23',
  {
    title: 'A reset between two polls ends the second one at once',
    claim:
      'A peer that resets after a poll completed and before the next one was submitted ' +
      'is not missed: the next poll completes at once with ABORT, and so does each one ' +
      'after it. An engine need not look in between.',
    cited: ['wepoll `src/sock.c`, which submits each poll anew and relies on it'],
  },
  {
    'the first poll': 'RECEIVE',
    'returned, after the reset': 'STATUS_SUCCESS',
    'every bit, but for SEND and CONNECT': ['ABORT', 'RECEIVE+ABORT'],
    'ABORT alone': 'ABORT',
    'asked again': 'ABORT',
  },
  async function* (loopback) {
    const { client, server } = await loopback.connectPair();
    client.send(Buffer.from('x'));
    yield ['the first poll', await loopback.reported(server, AFD_POLL_RECEIVE)];
    client.abortOnClose();
    client.close();
    await pause(20);
    // An engine would do this next: it submits another poll without knowing of the end.
    const { poll, status } = loopback.poller.arm(server, everything);
    yield ['returned, after the reset', status];
    loopback.poller.next(soonMs);
    loopback.poller.end(poll);
    const all = await loopback.reported(server, everything, idleBits);
    yield ['every bit, but for SEND and CONNECT', all];
    yield ['ABORT alone', await loopback.reported(server, AFD_POLL_ABORT)];
    yield ['asked again', await loopback.reported(server, AFD_POLL_ABORT)];
  },
);

/** Findings about polls at the end of a connection. */
export const endings: readonly Finding[] = [
  fin,
  rst,
  ownClose,
  unreadClose,
  maskOfZero,
  ownShutdown,
  resetBetween,
];
