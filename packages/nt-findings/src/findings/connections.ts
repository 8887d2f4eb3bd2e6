import { everything } from 'nt-afd/raw-poll';
import {
  AFD_POLL_ABORT,
  AFD_POLL_RECEIVE,
  AFD_POLL_RECEIVE_EXPEDITED,
  AFD_POLL_SEND,
} from 'ntdllx';
import { type Finding, finding, uncited, wineTests } from '../finding.js';
import { type Loopback, outcome } from '../loopback.js';
import { bitsText } from '../text.js';

/** The time limit. According to Wine's tests Windows reports a refusal after about two seconds. */
const refusalMs = 8_000;

async function failure(
  loopback: Loopback,
  client: ReturnType<Loopback['client']>,
): Promise<string> {
  const [first] = (await loopback.poller.poll(client, everything, refusalMs)) ?? [];
  return first === undefined ? 'silent' : `${bitsText(first.events)}, ${first.status}`;
}

const refused = 'CONNECT_FAIL, STATUS_CONNECTION_REFUSED';

const refusedConnect = finding(
  'F08',
  {
    title: 'A refused connect is CONNECT_FAIL',
    claim:
      'After a refused connect every poll reports CONNECT_FAIL, with ' +
      'STATUS_CONNECTION_REFUSED in Handles[0].Status. A poll of SEND alone or of ABORT ' +
      'alone does not complete, so the mask of a connecting socket must contain ' +
      'CONNECT_FAIL. SO_ERROR is WSAECONNREFUSED.',
    cited: [
      wineTests(),
      'on Windows the refusal takes about 2 s, under Wine it is reported at once. SO_ERROR is unspecified',
    ],
  },
  {
    'a refused connect': refused,
    'asked again': refused,
    'SEND alone': 'silent',
    'ABORT alone': 'silent',
    SO_ERROR: uncited('WSAECONNREFUSED'),
  },
  async function* (loopback) {
    const listener = loopback.listen();
    const { port } = listener.localEndpoint();
    listener.close();
    const client = loopback.client(port);
    client.connect();
    yield ['a refused connect', await failure(loopback, client)];
    yield ['asked again', await failure(loopback, client)];
    yield ['SEND alone', await loopback.reportedOrSilent(client, AFD_POLL_SEND)];
    yield ['ABORT alone', await loopback.reportedOrSilent(client, AFD_POLL_ABORT)];
    yield ['SO_ERROR', outcome(() => client.finishConnect())];
  },
);

const connectForEver = finding(
  'F13',
  {
    title: 'A connected socket reports CONNECT for ever',
    claim:
      'Every poll of a connected, idle socket reports SEND and CONNECT. So the mask of a ' +
      'connected socket should not contain CONNECT.',
    cited: [wineTests(), "mio's and wepoll's comments"],
  },
  {
    'the client': 'SEND+CONNECT',
    'the server': 'SEND+CONNECT',
    'the client again': 'SEND+CONNECT',
  },
  async function* (loopback) {
    const { client, server } = await loopback.connectPair();
    yield ['the client', await loopback.reported(client)];
    yield ['the server', await loopback.reported(server)];
    yield ['the client again', await loopback.reported(client)];
  },
);

const neverConnected = finding(
  'F14',
  {
    title: 'A socket that was never connected reports nothing',
    claim:
      'A poll for all events on an unconnected TCP socket stays pending. A bound UDP ' +
      'socket reports SEND.',
    cited: [wineTests()],
  },
  { TCP: 'silent', 'UDP, bound': 'SEND' },
  async function* (loopback) {
    yield ['TCP', await loopback.reportedOrSilent(loopback.client(9))];
    yield ['UDP, bound', await loopback.reported(loopback.datagram())];
  },
);

const urgent = finding(
  'F15',
  {
    title: 'An urgent byte is RECEIVE_EXPEDITED',
    claim:
      'Out-of-band data is reported as RECEIVE_EXPEDITED. A poll of RECEIVE alone does ' +
      'not complete.',
    cited: [wineTests()],
  },
  { 'RECEIVE_EXPEDITED alone': 'RECEIVE_EXPEDITED', 'RECEIVE alone': 'silent' },
  async function* (loopback) {
    const { client, server } = await loopback.connectPair();
    client.send(Buffer.from('!'), { oob: true });
    yield ['RECEIVE_EXPEDITED alone', await loopback.reported(server, AFD_POLL_RECEIVE_EXPEDITED)];
    yield ['RECEIVE alone', await loopback.reportedOrSilent(server, AFD_POLL_RECEIVE)];
  },
);

/**
 * Findings about polls of sockets that are connected, were never connected, or failed to connect.
 */
export const connections: readonly Finding[] = [
  refusedConnect,
  connectForEver,
  neverConnected,
  urgent,
];
