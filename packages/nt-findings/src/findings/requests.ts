import { everything } from 'nt-afd/raw-poll';
import { AFD_POLL_ACCEPT, AFD_POLL_RECEIVE } from 'ntdllx';
import { type AcceptedSkt, wouldBlock } from 'tofu-sockets';
import { type Finding, finding } from '../finding.js';
import { outcome, soonMs } from '../scene.js';
import { bitsText, packetText, reportText } from '../text.js';

const success = 'STATUS_SUCCESS, Information 32';

const twoBuffers = finding(
  'F04',
  'Two buffers work: the output is filled, the input is not',
  {
    packet: success,
    'the output': 'SEND+CONNECT',
    'Events of the input': 'as asked',
  },
  async function* (scene) {
    const { client } = await scene.connectPair();
    const { poller } = scene;
    const { poll } = poller.arm(client, everything, { hasTwoBuffers: true });
    yield ['packet', packetText(poller.next(soonMs), poll)];
    yield ['the output', reportText(poll)];
    const { Events } = poll.input.handle(0);
    yield ['Events of the input', Events === everything ? 'as asked' : bitsText(Events)];
  },
);

const oneShot = finding(
  'F11',
  'A poll is one-shot, and what it asks is level-triggered',
  {
    'two clients': 'ACCEPT',
    'asked again': 'ACCEPT',
    'one accepted': 'ACCEPT',
    'both accepted': 'silent',
    'five bytes': 'RECEIVE',
    'three read': 'RECEIVE',
    'two more read': 'silent',
    'one poll, one byte': success,
    'the same poll, another byte': 'no packet',
  },
  async function* (scene) {
    const listener = scene.listen();
    for (let count = 0; count < 2; count += 1) scene.connectTo(listener);
    const accept = () => {
      const accepted = listener.accept();
      if (accepted === wouldBlock) throw new Error('accept: ACCEPT was told, and nobody is there');
      scene.keep(accepted);
    };
    yield ['two clients', await scene.told(listener, AFD_POLL_ACCEPT)];
    yield ['asked again', await scene.told(listener, AFD_POLL_ACCEPT)];
    accept();
    yield ['one accepted', await scene.told(listener, AFD_POLL_ACCEPT)];
    accept();
    yield ['both accepted', await scene.heard(listener, AFD_POLL_ACCEPT)];

    const { client, server } = await scene.connectPair();
    client.send(Buffer.from('12345'));
    yield ['five bytes', await scene.told(server, AFD_POLL_RECEIVE)];
    server.recv(new Uint8Array(3));
    yield ['three read', await scene.told(server, AFD_POLL_RECEIVE)];
    server.recv(new Uint8Array(2));
    yield ['two more read', await scene.heard(server, AFD_POLL_RECEIVE)];

    const { poll } = scene.poller.arm(server, AFD_POLL_RECEIVE);
    client.send(Buffer.from('1'));
    yield ['one poll, one byte', packetText(scene.poller.next(soonMs), poll)];
    client.send(Buffer.from('2'));
    yield ['the same poll, another byte', packetText(scene.poller.next(100), poll)];
  },
);

const compacted = finding(
  'F12',
  'The output is compacted',
  {
    'three asked, two ready: packet': 'STATUS_SUCCESS, Information 48',
    'which ones it names': 'the second RECEIVE, the third RECEIVE',
  },
  async function* (scene) {
    const pairs = await Promise.all([1, 2, 3].map(() => scene.connectPair()));
    const servers = pairs.map(({ server }) => server);
    for (const pair of pairs.slice(1).reverse()) pair.client.send(Buffer.from('x'));
    for (const server of servers.slice(1)) await scene.told(server, AFD_POLL_RECEIVE);
    const { poller } = scene;
    const { poll } = poller.arm(servers, AFD_POLL_RECEIVE);
    yield ['three asked, two ready: packet', packetText(poller.next(soonMs), poll)];
    const place = ['the first', 'the second', 'the third'];
    const named = poll.reported.map(
      ({ skt, events }) =>
        `${place[servers.indexOf(skt as AcceptedSkt)] ?? 'a stranger'} ${bitsText(events)}`,
    );
    yield ['which ones it names', named.join(', ')];
  },
);

const exclusive = finding(
  'F16',
  'An exclusive poll ends the exclusive one before it',
  {
    // ReactOS' sources say CANCELLED, Wine's tests only that it ends.
    'the first ends': {
      wine8: 'STATUS_SUCCESS, Information 16',
      wine10: 'STATUS_SUCCESS, Information 16',
      windows: ['STATUS_SUCCESS, Information 16', 'STATUS_CANCELLED, Information 0'],
    },
    'the second': 'pending',
  },
  async function* (scene) {
    const { server } = await scene.connectPair();
    const { poller } = scene;
    const { poll: first } = poller.arm(server, AFD_POLL_RECEIVE, { isExclusive: true });
    const { poll: second } = poller.arm(server, AFD_POLL_RECEIVE, { isExclusive: true });
    yield ['the first ends', packetText(poller.next(soonMs), first)];
    yield ['the second', reportText(second)];
  },
);

const twoPolls = finding(
  'F17',
  'Two polls of one socket both complete',
  {
    'packets after one byte': '2, one of each',
    'the first says': 'RECEIVE',
    'the second says': 'RECEIVE',
    'the byte is there': '1',
  },
  async function* (scene) {
    const { client, server } = await scene.connectPair();
    const { poller } = scene;
    const polls = [0, 1].map(() => poller.arm(server, AFD_POLL_RECEIVE).poll);
    client.send(Buffer.from('x'));
    const ended = [poller.next(soonMs), poller.next(soonMs)].flatMap((each) => each?.poll ?? []);
    const kinds = new Set(ended).size;
    yield [
      'packets after one byte',
      kinds === 2 ? '2, one of each' : `${ended.length} of ${kinds}`,
    ];
    const [first, second] = polls.map(reportText);
    yield ['the first says', String(first)];
    yield ['the second says', String(second)];
    yield ['the byte is there', outcome(() => server.recv(new Uint8Array(2)))];
  },
);

/** How what is asked and what is told belong together. */
export const requests: readonly Finding[] = [twoBuffers, oneShot, compacted, exclusive, twoPolls];
