import { everything } from 'nt-afd/raw-poll';
import {
  AFD_POLL_ABORT,
  AFD_POLL_CONNECT,
  AFD_POLL_DISCONNECT,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  AFD_POLL_SEND,
} from 'ntdllx';
import { type Finding, finding } from '../finding.js';
import { outcome, pause, soonMs } from '../scene.js';
import { bitsText, packetText } from '../text.js';

/** What a connected socket with nothing to read always says. */
const idleBits = AFD_POLL_SEND | AFD_POLL_CONNECT;
const oneByte = () => new Uint8Array(1);

const fin = finding(
  'F06',
  'FIN is DISCONNECT',
  {
    'everything, but for SEND and CONNECT': 'DISCONNECT',
    'asked again': 'DISCONNECT',
    'RECEIVE alone': 'silent',
    recv: '0',
    'unread data, RECEIVE alone': 'RECEIVE',
    'unread data, DISCONNECT alone': { wine8: 'silent', wine10: 'silent', windows: 'DISCONNECT' },
    'data read, DISCONNECT alone': 'DISCONNECT',
  },
  async function* (scene) {
    const one = await scene.connectPair();
    one.client.shutdown('send');
    await scene.told(one.server, AFD_POLL_DISCONNECT);
    const told = await scene.told(one.server, everything, idleBits);
    yield ['everything, but for SEND and CONNECT', told];
    yield ['asked again', await scene.told(one.server, everything, idleBits)];
    yield ['RECEIVE alone', await scene.heard(one.server, AFD_POLL_RECEIVE)];
    yield ['recv', outcome(() => one.server.recv(oneByte()))];
    const other = await scene.connectPair();
    other.client.send(Buffer.from('x'));
    other.client.shutdown('send');
    yield ['unread data, RECEIVE alone', await scene.told(other.server, AFD_POLL_RECEIVE)];
    yield ['unread data, DISCONNECT alone', await scene.heard(other.server, AFD_POLL_DISCONNECT)];
    other.server.recv(oneByte());
    yield ['data read, DISCONNECT alone', await scene.told(other.server, AFD_POLL_DISCONNECT)];
  },
);

const rst = finding(
  'F07',
  'RST is ABORT',
  {
    'ABORT alone': 'ABORT',
    'asked again': 'ABORT',
    'RECEIVE alone': 'silent',
    'DISCONNECT alone': 'silent',
  },
  async function* (scene) {
    const server = await scene.resetByPeer();
    yield ['ABORT alone', await scene.told(server, AFD_POLL_ABORT)];
    yield ['asked again', await scene.told(server, AFD_POLL_ABORT)];
    yield ['RECEIVE alone', await scene.heard(server, AFD_POLL_RECEIVE)];
    yield ['DISCONNECT alone', await scene.heard(server, AFD_POLL_DISCONNECT)];
  },
);

const ownClose = finding(
  'F09',
  'Closing a socket ends its poll with LOCAL_CLOSE',
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
  async function* (scene) {
    const { poller } = scene;
    for (const [mask, bits] of [
      ['RECEIVE', AFD_POLL_RECEIVE],
      ['LOCAL_CLOSE', AFD_POLL_LOCAL_CLOSE],
      ['0', 0],
    ] as const) {
      const { client } = await scene.connectPair();
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
  'A close with unread data is ABORT',
  {
    'ABORT alone': 'ABORT',
    recv: { wine8: '0', wine10: 'WSAECONNRESET', windows: 'WSAECONNRESET' },
  },
  async function* (scene) {
    const { client, server } = await scene.connectPair();
    client.send(Buffer.from('unread'));
    await scene.told(server, AFD_POLL_RECEIVE);
    server.close();
    yield ['ABORT alone', await scene.told(client, AFD_POLL_ABORT)];
    yield ['recv', outcome(() => client.recv(oneByte()))];
  },
);

const maskOfZero = finding(
  'F21',
  'A mask of 0 does not hear a reset',
  { 'mask 0': 'silent', 'ABORT and LOCAL_CLOSE': 'ABORT' },
  async function* (scene) {
    const server = await scene.resetByPeer();
    await scene.told(server, AFD_POLL_ABORT);
    yield ['mask 0', await scene.heard(server, 0)];
    const hangUps = AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE;
    yield ['ABORT and LOCAL_CLOSE', await scene.told(server, hangUps)];
  },
);

const ownShutdown = finding(
  'F22',
  'Own shutdown is no event',
  {
    'sending ended': 'silent',
    send: {
      wine8: 'WSAESHUTDOWN',
      wine10: 'WSAESHUTDOWN',
      // mio's tests have either.
      windows: ['WSAESHUTDOWN', 'WSAECONNABORTED'],
    },
    'data comes': 'RECEIVE',
    'recv of it': '1',
    'receiving ended': 'silent',
    'recv then': 'WSAESHUTDOWN',
  },
  async function* (scene) {
    const mask = everything & ~idleBits;
    const one = await scene.connectPair();
    one.client.shutdown('send');
    yield ['sending ended', await scene.heard(one.client, mask)];
    yield ['send', outcome(() => one.client.send(Buffer.from('x')))];
    one.server.send(Buffer.from('x'));
    yield ['data comes', await scene.told(one.client, AFD_POLL_RECEIVE)];
    yield ['recv of it', outcome(() => one.client.recv(oneByte()))];
    const other = await scene.connectPair();
    other.client.shutdown('receive');
    yield ['receiving ended', await scene.heard(other.client, mask)];
    yield ['recv then', outcome(() => other.client.recv(oneByte()))];
  },
);

const resetBetween = finding(
  'F23',
  'A reset between two polls ends the second one at once',
  {
    'the first poll': 'RECEIVE',
    'returned, after the reset': 'STATUS_SUCCESS',
    'every bit, but for SEND and CONNECT': ['ABORT', 'RECEIVE+ABORT'],
    'ABORT alone': 'ABORT',
    'asked again': 'ABORT',
  },
  async function* (scene) {
    const { client, server } = await scene.connectPair();
    client.send(Buffer.from('x'));
    yield ['the first poll', await scene.told(server, AFD_POLL_RECEIVE)];
    client.abortOnClose();
    client.close();
    await pause(20);
    // What an engine does next: it submits a poll again, without knowing.
    const { poll, status } = scene.poller.arm(server, everything);
    yield ['returned, after the reset', status];
    scene.poller.next(soonMs);
    scene.poller.end(poll);
    const all = await scene.told(server, everything, idleBits);
    yield ['every bit, but for SEND and CONNECT', all];
    yield ['ABORT alone', await scene.told(server, AFD_POLL_ABORT)];
    yield ['asked again', await scene.told(server, AFD_POLL_ABORT)];
  },
);

/** What a poll says of the end of a connection. */
export const endings: readonly Finding[] = [
  fin,
  rst,
  ownClose,
  unreadClose,
  maskOfZero,
  ownShutdown,
  resetBetween,
];
