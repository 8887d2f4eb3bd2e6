import {
  AFD_POLL_ACCEPT,
  AFD_POLL_RECEIVE,
  AFD_POLL_SEND,
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
} from 'ntdllx';
import {
  CloseHandle,
  CreateEventA,
  WAIT_OBJECT_0,
  WAIT_TIMEOUT,
  WaitForSingleObject,
} from 'ntdllx/kernel32';
import { type Finding, finding, uncited, wineTests } from '../finding.js';
import { soonMs } from '../loopback.js';
import { bitsText, packetText, reportText } from '../text.js';

const success = 'STATUS_SUCCESS, Information 32';

const nullApcContext = finding(
  'F01',
  {
    title: 'A null ApcContext posts no packet',
    claim:
      'A poll whose ApcContext is 0 fills its block, and posts no packet to the port. Any ' +
      'other value is returned in the packet.',
    cited: [wineTests(' (`test_poll_completion_port`)')],
  },
  {
    'ApcContext 0: packet': 'no packet',
    'ApcContext 0: events in its block': 'SEND',
    'ApcContext 5: ApcContext of its packet': '5',
    'after it': 'no packet',
  },
  async function* (loopback) {
    const { client } = await loopback.connectPair();
    const { poller } = loopback;
    const { poll: silent } = poller.arm(client, AFD_POLL_SEND, { apcContext: 0 });
    yield ['ApcContext 0: packet', packetText(poller.next(100), silent)];
    yield ['ApcContext 0: events in its block', reportText(silent)];
    const { poll: answered } = poller.arm(client, AFD_POLL_SEND, { apcContext: 5 });
    const context = poller.next(soonMs)?.apcContext;
    yield ['ApcContext 5: ApcContext of its packet', String(context)];
    yield ['after it', packetText(poller.next(0), answered)];
    for (const poll of [silent, answered]) poller.end(poll);
  },
);

const successAtOnce = finding(
  'F02',
  {
    title: 'A poll that succeeds at once posts a packet all the same',
    claim:
      'NtDeviceIoControlFile may return STATUS_SUCCESS instead of STATUS_PENDING. In both ' +
      'cases NT posts exactly one packet. If the handle has the flag ' +
      'FILE_SKIP_COMPLETION_PORT_ON_SUCCESS, NT posts a packet only after STATUS_PENDING.',
    cited: [wineTests(), "Microsoft's documentation of SetFileCompletionNotificationModes"],
  },
  {
    returned: ['STATUS_SUCCESS', 'STATUS_PENDING'],
    packet: success,
    'a second packet': 'no packet',
    'skip flag, at once: returned': 'STATUS_SUCCESS',
    'skip flag, at once: events in its block': 'SEND',
    'skip flag, at once: packet': 'no packet',
    'skip flag, later: returned': 'STATUS_PENDING',
    'skip flag, later: packet': success,
  },
  async function* (loopback) {
    const { client, server } = await loopback.connectPair();
    const { poller } = loopback;
    const plain = poller.arm(client, AFD_POLL_SEND);
    yield ['returned', plain.status];
    yield ['packet', packetText(poller.next(soonMs), plain.poll)];
    yield ['a second packet', packetText(poller.next(50), plain.poll)];
    const skipping = loopback.newPoller();
    skipping.setNotificationModes(skipping.afd, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    const atOnce = skipping.arm(client, AFD_POLL_SEND);
    yield ['skip flag, at once: returned', atOnce.status];
    yield ['skip flag, at once: events in its block', reportText(atOnce.poll)];
    yield ['skip flag, at once: packet', packetText(skipping.next(50), atOnce.poll)];
    const later = skipping.arm(client, AFD_POLL_RECEIVE);
    yield ['skip flag, later: returned', later.status];
    server.send(Buffer.from('x'));
    yield ['skip flag, later: packet', packetText(skipping.next(soonMs), later.poll)];
  },
);

const timeOut = finding(
  'F03',
  {
    title: 'In Events a poll that timed out looks like a success',
    claim:
      'A poll with Timeout 0 completes at once with STATUS_SUCCESS. A poll with a relative ' +
      'Timeout completes after that time with STATUS_TIMEOUT. In both cases ' +
      'NumberOfHandles is 0, Information is 16, and Events still contains the requested ' +
      'bits.',
    cited: [wineTests()],
  },
  {
    'Timeout 0: packet': 'STATUS_SUCCESS, Information 16',
    'Timeout 0: NumberOfHandles': '0',
    'Timeout 0: Events': 'ACCEPT',
    'Timeout 50 ms: packet': 'STATUS_TIMEOUT, Information 16',
    'Timeout 50 ms: NumberOfHandles': '0',
    'Timeout 50 ms: Events': 'ACCEPT',
  },
  async function* (loopback) {
    const { poller } = loopback;
    const listener = loopback.listen();
    for (const [name, timeout100ns] of [
      ['Timeout 0', 0n],
      ['Timeout 50 ms', -500_000n],
    ] as const) {
      const { poll } = poller.arm(listener, AFD_POLL_ACCEPT, { timeout100ns });
      yield [`${name}: packet`, packetText(poller.next(soonMs), poll)];
      yield [`${name}: NumberOfHandles`, String(poll.output.NumberOfHandles)];
      yield [`${name}: Events`, bitsText(poll.output.handle(0).Events)];
    }
  },
);

const waitText = (event: number) => {
  const result = WaitForSingleObject(event, 0);
  return { [WAIT_OBJECT_0]: 'set', [WAIT_TIMEOUT]: 'clear' }[result] ?? String(result);
};

const eventAndPort = finding(
  'F05',
  {
    title: 'A poll with an event also posts a packet',
    claim:
      'A poll with an event and a non-null ApcContext clears the event when it is ' +
      'submitted. When it completes, NT sets the event and posts a packet.',
    cited: [wineTests()],
  },
  {
    'the event, once the poll is armed': 'clear',
    packet: success,
    'the event, after it': 'set',
  },
  async function* (loopback) {
    const { poller } = loopback;
    const listener = loopback.listen();
    const event = CreateEventA(0, 1, 1, 0);
    try {
      const { poll } = poller.arm(listener, AFD_POLL_ACCEPT, { event });
      yield ['the event, once the poll is armed', waitText(event)];
      loopback.connectTo(listener);
      yield ['packet', packetText(poller.next(soonMs), poll)];
      yield ['the event, after it', waitText(event)];
      poller.end(poll);
    } finally {
      CloseHandle(event);
    }
  },
);

const cancelled = finding(
  'F10',
  {
    title: 'A cancelled poll posts one packet with STATUS_CANCELLED',
    claim:
      'NtCancelIoFileEx returns STATUS_SUCCESS. Then NT posts one packet with ' +
      'STATUS_CANCELLED and Information 0. Events still contains the requested bits. A ' +
      'second cancel returns STATUS_NOT_FOUND.',
    cited: [
      'wepoll `src/sock.c`, mio `src/sys/windows/afd.rs`, c-ares: all wait for that ' +
        'packet before they free the memory. Events is unspecified',
    ],
  },
  {
    'the cancel': 'STATUS_SUCCESS',
    packet: 'STATUS_CANCELLED, Information 0',
    Events: uncited('RECEIVE'),
    'a second cancel': 'STATUS_NOT_FOUND',
    'a second packet': 'no packet',
  },
  async function* (loopback) {
    const { client } = await loopback.connectPair();
    const { poller } = loopback;
    const { poll } = poller.arm(client, AFD_POLL_RECEIVE);
    yield ['the cancel', poller.cancel(poll)];
    yield ['packet', packetText(poller.next(soonMs), poll)];
    yield ['Events', bitsText(poll.output.handle(0).Events)];
    yield ['a second cancel', poller.cancel(poll)];
    yield ['a second packet', packetText(poller.next(50), poll)];
  },
);

/** Findings about which packets arrive on the port, and when none does. */
export const packets: readonly Finding[] = [
  nullApcContext,
  successAtOnce,
  timeOut,
  eventAndPort,
  cancelled,
];
