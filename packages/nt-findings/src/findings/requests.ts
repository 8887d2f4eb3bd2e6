import { everything } from 'nt-afd/raw-poll';
import { AFD_POLL_ACCEPT, AFD_POLL_RECEIVE } from 'ntdllx';
import { type AcceptedSkt, wouldBlock } from 'tofu-sockets';
import { type Finding, finding, uncited, wineTests } from '../finding.js';
import { outcome, soonMs } from '../loopback.js';
import { bitsText, packetText, reportText } from '../text.js';

const success = 'STATUS_SUCCESS, Information 32';

const twoBuffers = finding(
  'F04',
  {
    title: 'Two buffers work: the output is filled, the input is not',
    claim:
      'With separate input and output buffers the kernel writes the result to the output, ' +
      'and does not change the input.',
    cited: [wineTests(' (uses two buffers throughout)')],
  },
  {
    packet: success,
    'the output': 'SEND+CONNECT',
    'Events of the input': 'as asked',
  },
  async function* (loopback) {
    const { client } = await loopback.connectPair();
    const { poller } = loopback;
    const { poll } = poller.arm(client, everything, { hasTwoBuffers: true });
    yield ['packet', packetText(poller.next(soonMs), poll)];
    yield ['the output', reportText(poll)];
    const { Events } = poll.input.handle(0);
    yield ['Events of the input', Events === everything ? 'as asked' : bitsText(Events)];
  },
);

const oneShot = finding(
  'F11',
  {
    title: 'A poll is one-shot; its condition is level-triggered',
    claim:
      'One poll posts one packet, also if more events follow. While the condition holds, ' +
      'every further poll completes at once.',
    cited: [wineTests()],
  },
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
  async function* (loopback) {
    const listener = loopback.listen();
    for (let count = 0; count < 2; count += 1) loopback.connectTo(listener);
    const accept = () => {
      const accepted = listener.accept();
      if (accepted === wouldBlock)
        throw new Error('accept returned would-block, although a poll had reported ACCEPT');
      loopback.keep(accepted);
    };
    yield ['two clients', await loopback.reported(listener, AFD_POLL_ACCEPT)];
    yield ['asked again', await loopback.reported(listener, AFD_POLL_ACCEPT)];
    accept();
    yield ['one accepted', await loopback.reported(listener, AFD_POLL_ACCEPT)];
    accept();
    yield ['both accepted', await loopback.reportedOrSilent(listener, AFD_POLL_ACCEPT)];

    const { client, server } = await loopback.connectPair();
    client.send(Buffer.from('12345'));
    yield ['five bytes', await loopback.reported(server, AFD_POLL_RECEIVE)];
    server.recv(new Uint8Array(3));
    yield ['three read', await loopback.reported(server, AFD_POLL_RECEIVE)];
    server.recv(new Uint8Array(2));
    yield ['two more read', await loopback.reportedOrSilent(server, AFD_POLL_RECEIVE)];

    const { poll } = loopback.poller.arm(server, AFD_POLL_RECEIVE);
    client.send(Buffer.from('1'));
    yield ['one poll, one byte', packetText(loopback.poller.next(soonMs), poll)];
    client.send(Buffer.from('2'));
    yield ['the same poll, another byte', packetText(loopback.poller.next(100), poll)];
  },
);

const compacted = finding(
  'F12',
  {
    title: 'The output is compacted',
    claim:
      'The output of a poll over several sockets lists only the ready ones, in the order ' +
      'of the request. Information is 16 bytes plus 16 for each listed socket. The field ' +
      'Handle identifies the socket.',
    cited: [wineTests()],
  },
  {
    'three asked, two ready: packet': 'STATUS_SUCCESS, Information 48',
    'which ones it names': 'the second RECEIVE, the third RECEIVE',
  },
  async function* (loopback) {
    const pairs = await Promise.all([1, 2, 3].map(() => loopback.connectPair()));
    const servers = pairs.map(({ server }) => server);
    for (const pair of pairs.slice(1).reverse()) pair.client.send(Buffer.from('x'));
    for (const server of servers.slice(1)) await loopback.reported(server, AFD_POLL_RECEIVE);
    const { poller } = loopback;
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
  {
    title: 'An exclusive poll ends the exclusive one before it',
    claim:
      'Two polls of one socket have Exclusive = 1. The second one completes the first with ' +
      'STATUS_SUCCESS and no handle, and stays pending itself.',
    cited: [
      wineTests(' (asserts that the first one completes, not its status)'),
      "ReactOS' sources return STATUS_CANCELLED",
    ],
  },
  {
    'the first ends': {
      wine8: 'STATUS_SUCCESS, Information 16',
      wine10: 'STATUS_SUCCESS, Information 16',
      windows: ['STATUS_SUCCESS, Information 16', 'STATUS_CANCELLED, Information 0'],
    },
    'the second': 'pending',
  },
  async function* (loopback) {
    const { server } = await loopback.connectPair();
    const { poller } = loopback;
    const { poll: first } = poller.arm(server, AFD_POLL_RECEIVE, { isExclusive: true });
    const { poll: second } = poller.arm(server, AFD_POLL_RECEIVE, { isExclusive: true });
    yield ['the first ends', packetText(poller.next(soonMs), first)];
    yield ['the second', reportText(second)];
  },
);

const twoPolls = finding(
  'F17',
  {
    title: 'Two polls of one socket both complete',
    claim:
      'Under Wine, two pending polls of one socket on one AFD handle both complete, each with ' +
      'a packet of its own.',
    cited: [
      "python-trio issue 52: on Windows one of them may complete with the other's " +
        'bits. So no value is expected there, and the engine has at most one poll per socket',
    ],
  },
  {
    'packets after one byte': uncited('2, one for each poll'),
    'the first says': uncited('RECEIVE'),
    'the second says': uncited('RECEIVE'),
    'the byte is there': uncited('1'),
  },
  async function* (loopback) {
    const { client, server } = await loopback.connectPair();
    const { poller } = loopback;
    const polls = [0, 1].map(() => poller.arm(server, AFD_POLL_RECEIVE).poll);
    client.send(Buffer.from('x'));
    const ended = [poller.next(soonMs), poller.next(soonMs)].flatMap((each) => each?.poll ?? []);
    const kinds = new Set(ended).size;
    yield [
      'packets after one byte',
      kinds === 2 ? '2, one for each poll' : `${ended.length} of ${kinds}`,
    ];
    const [first, second] = polls.map(reportText);
    yield ['the first says', String(first)];
    yield ['the second says', String(second)];
    yield ['the byte is there', outcome(() => server.recv(new Uint8Array(2)))];
  },
);

/** Findings about how the output of a poll depends on its input. */
export const requests: readonly Finding[] = [twoBuffers, oneShot, compacted, exclusive, twoPolls];
