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
import { drain, fill, outcome, pause, soonMs } from '../loopback.js';
import { bitsText, packetText } from '../text.js';

/** The bits that a connected socket without received data always reports. */
const idleBits = AFD_POLL_SEND | AFD_POLL_CONNECT;
const oneByte = () => new Uint8Array(1);

const fin = finding(
  'F06',
  {
    title: 'FIN is DISCONNECT',
    claim:
      "After the peer's FIN every poll reports DISCONNECT. A poll of RECEIVE alone does " +
      'not complete. While there is unread data, Wine reports only RECEIVE; it reports ' +
      'DISCONNECT after the data was read.',
    cited: [
      wineTests(
        ': with unread data Windows reports RECEIVE and DISCONNECT together; the test is ' +
          'marked as failing under Wine',
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
      'After a reset every poll reports ABORT. A poll of RECEIVE alone or of DISCONNECT ' +
      'alone does not complete, so every mask must contain ABORT.',
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
      'LOCAL_CLOSE, whatever its mask is, also 0. A later cancel of the poll returns ' +
      'STATUS_NOT_FOUND.',
    cited: [
      wineTests(),
      'wepoll `src/afd.c` and mio `src/sys/windows/afd.rs`, which treat STATUS_NOT_FOUND ' +
        'as: the poll has completed',
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
      'A peer that closes its socket while it has unread data resets the connection, and ' +
      'a poll reports ABORT. Under Wine 8 recv then returns 0, as after a FIN. So under ' +
      'Wine 8 only the poll shows the reset.',
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
      'A poll with a mask of 0 stays pending when the peer resets the connection, but it ' +
      'reports the close of its own socket (F09). A program that waits only for hang-ups ' +
      'must poll ABORT.',
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
    title: 'shutdown completes no poll of its own socket',
    claim:
      'After shutdown of sending, or of receiving, a poll of all events except SEND and ' +
      'CONNECT stays pending: DISCONNECT and ABORT report only what the peer does.',
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
      'A reset that arrives after one poll has completed and before the next one is ' +
      'submitted is not lost: the next poll completes at once with ABORT, and so does ' +
      'every later one. An engine does not have to check the socket between two polls.',
    cited: ['wepoll `src/sock.c`, which submits a new poll after each event and relies on this'],
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
    // An engine submits the next poll like this: it does not know of the reset.
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

const fullClose = finding(
  'F25',
  {
    title: 'A hard close discards unsent data',
    claim:
      'closesocket with a linger time of 0 resets the connection at once, also while the peer ' +
      'does not read and data is queued. Wine 10 differs: it accepts the whole data of a send ' +
      'that does not fit into the buffers, sends the rest in the background, and resets the ' +
      'connection only after that. The peer then sees no reset until it reads.',
    cited: [
      "Microsoft's documentation of closesocket: a hard close is an immediate reset, and unsent " +
        'data is lost',
    ],
  },
  {
    'ABORT alone, before the peer reads': { wine8: 'ABORT', wine10: 'silent', windows: 'ABORT' },
    'ABORT alone, after it has read': 'ABORT',
  },
  async function* (loopback) {
    const { client, server } = await loopback.connectPair();
    await fill(client);
    client.abortOnClose();
    client.close();
    const before = await loopback.reportedOrSilent(server, AFD_POLL_ABORT);
    yield ['ABORT alone, before the peer reads', before];
    await drain(server);
    yield ['ABORT alone, after it has read', await loopback.reported(server, AFD_POLL_ABORT)];
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
  fullClose,
];
