import { everything } from 'nt-afd/raw-poll';
import {
  AFD_POLL_ABORT,
  AFD_POLL_RECEIVE,
  AFD_POLL_RECEIVE_EXPEDITED,
  AFD_POLL_SEND,
} from 'ntdllx';
import { type Finding, finding, uncited } from '../finding.js';
import { outcome, type Scene } from '../scene.js';
import { bitsText } from '../text.js';

/** By Wine's tests Windows takes about two seconds to learn of a refusal. */
const refusalMs = 8_000;

async function failure(scene: Scene, client: ReturnType<Scene['client']>): Promise<string> {
  const [first] = (await scene.poller.poll(client, everything, refusalMs)) ?? [];
  return first === undefined ? 'silent' : `${bitsText(first.events)}, ${first.status}`;
}

const refused = 'CONNECT_FAIL, STATUS_CONNECTION_REFUSED';

const refusedConnect = finding(
  'F08',
  'A refused connect is CONNECT_FAIL',
  {
    'a refused connect': refused,
    'asked again': refused,
    'SEND alone': 'silent',
    'ABORT alone': 'silent',
    SO_ERROR: uncited('WSAECONNREFUSED'),
  },
  async function* (scene) {
    const listener = scene.listen();
    const { port } = listener.localEndpoint();
    listener.close();
    const client = scene.client(port);
    client.connect();
    yield ['a refused connect', await failure(scene, client)];
    yield ['asked again', await failure(scene, client)];
    yield ['SEND alone', await scene.heard(client, AFD_POLL_SEND)];
    yield ['ABORT alone', await scene.heard(client, AFD_POLL_ABORT)];
    yield ['SO_ERROR', outcome(() => client.finishConnect())];
  },
);

const connectForEver = finding(
  'F13',
  'A connected socket says CONNECT for ever',
  {
    'the client': 'SEND+CONNECT',
    'the server': 'SEND+CONNECT',
    'the client again': 'SEND+CONNECT',
  },
  async function* (scene) {
    const { client, server } = await scene.connectPair();
    yield ['the client', await scene.told(client)];
    yield ['the server', await scene.told(server)];
    yield ['the client again', await scene.told(client)];
  },
);

const neverConnected = finding(
  'F14',
  'A socket that was never connected says nothing',
  { TCP: 'silent', 'UDP, bound': 'SEND' },
  async function* (scene) {
    yield ['TCP', await scene.heard(scene.client(9))];
    yield ['UDP, bound', await scene.told(scene.datagram())];
  },
);

const urgent = finding(
  'F15',
  'An urgent byte is RECEIVE_EXPEDITED',
  { 'RECEIVE_EXPEDITED alone': 'RECEIVE_EXPEDITED', 'RECEIVE alone': 'silent' },
  async function* (scene) {
    const { client, server } = await scene.connectPair();
    client.send(Buffer.from('!'), { oob: true });
    yield ['RECEIVE_EXPEDITED alone', await scene.told(server, AFD_POLL_RECEIVE_EXPEDITED)];
    yield ['RECEIVE alone', await scene.heard(server, AFD_POLL_RECEIVE)];
  },
);

/** What a poll says of a socket that is, was never, or could not be connected. */
export const connections: readonly Finding[] = [
  refusedConnect,
  connectForEver,
  neverConnected,
  urgent,
];
