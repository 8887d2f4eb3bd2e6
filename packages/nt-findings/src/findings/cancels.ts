import { AFD_POLL_ACCEPT, IO_STATUS_BLOCK } from 'ntdllx';
import { cancelInThread } from '../cancel-in-thread.js';
import { type Finding, finding } from '../finding.js';
import { pause, soonMs } from '../loopback.js';
import { packetText } from '../text.js';

const cancelled = 'STATUS_CANCELLED, Information 0';
const none = 'no packet';
const done = 'STATUS_SUCCESS';
const notFound = 'STATUS_NOT_FOUND';
/** How long to wait for the packet of a cancel that reached no request. */
const silentMs = 50;

const whichCancel = finding(
  'F24',
  {
    title: 'NtCancelIoFileEx finds a request by its block, NtCancelIoFile by its thread',
    claim:
      'NtCancelIoFileEx cancels the request that was submitted on this file with this ' +
      'very IO_STATUS_BLOCK, by whichever thread. It returns STATUS_NOT_FOUND when ' +
      'there is none: for a copy of the block, as in a program whose block moved; on ' +
      'another file, such as the polled socket where a handle of AFD was polled on; and ' +
      'for a request that is complete, even while its packet is still on the port. ' +
      'NtCancelIoFile takes no block: it cancels what the calling thread submitted on ' +
      'the file, and returns STATUS_SUCCESS also when that is nothing. So its success ' +
      'proves a cancel only together with the packet, STATUS_CANCELLED.',
    cited: [
      "Microsoft's documentation of CancelIoEx (one request by its OVERLAPPED, of all " +
        'threads; ERROR_NOT_FOUND) and of CancelIo (of the calling thread)',
    ],
  },
  {
    'a copied block, NtCancelIoFileEx': notFound,
    'a copied block, packet': none,
    'the same request, NtCancelIoFile': done,
    'the same request, packet': cancelled,
    'the polled socket, NtCancelIoFileEx': notFound,
    'the polled socket, NtCancelIoFile': done,
    'the polled socket, packet': none,
    'another thread, NtCancelIoFile': done,
    'another thread, packet after it': none,
    'another thread, NtCancelIoFileEx': done,
    'another thread, packet after Ex': cancelled,
    'complete, NtCancelIoFileEx': notFound,
    'complete, NtCancelIoFile': done,
    'complete, packet': 'STATUS_SUCCESS, Information 32',
  },
  async function* (loopback) {
    const { poller } = loopback;
    const listener = loopback.listen();
    const arm = () => poller.arm(listener, AFD_POLL_ACCEPT).poll;

    // A program whose block moved would use this address, which differs from that of the
    // submission.
    const moved = arm();
    const blockBytes = IO_STATUS_BLOCK.layout.size;
    const copy = poller.kernel.allocate(blockBytes);
    copy.write(0, moved.memory.read(0, blockBytes));
    const byCopy = poller.cancel(moved, moved.on, copy.address);
    copy.free();
    yield ['a copied block, NtCancelIoFileEx', byCopy];
    yield ['a copied block, packet', packetText(poller.next(silentMs), moved)];
    yield ['the same request, NtCancelIoFile', poller.cancelAll(moved.on, false)];
    yield ['the same request, packet', packetText(poller.next(soonMs), moved)];

    // The request belongs to the AFD handle on which it was submitted.
    const polled = arm();
    const socket = listener.baseHandle();
    yield ['the polled socket, NtCancelIoFileEx', poller.cancel(polled, socket)];
    yield ['the polled socket, NtCancelIoFile', poller.cancelAll(socket, false)];
    yield ['the polled socket, packet', packetText(poller.next(silentMs), polled)];

    const { on: file, iosb } = polled;
    const scratch = poller.scratch.address;
    const inThread = (block?: number) => cancelInThread({ file, block, scratch });
    yield ['another thread, NtCancelIoFile', await inThread()];
    yield ['another thread, packet after it', packetText(poller.next(silentMs), polled)];
    yield ['another thread, NtCancelIoFileEx', await inThread(iosb.address)];
    yield ['another thread, packet after Ex', packetText(poller.next(soonMs), polled)];

    const complete = arm();
    loopback.connectTo(listener);
    for (let waitedMs = 0; complete.isPending && waitedMs < soonMs; waitedMs += 5) await pause(5);
    yield ['complete, NtCancelIoFileEx', poller.cancel(complete)];
    yield ['complete, NtCancelIoFile', poller.cancelAll(complete.on, false)];
    yield ['complete, packet', packetText(poller.next(soonMs), complete)];
  },
);

/** Findings about which request a cancel reaches, and its result if it reaches none. */
export const cancels: readonly Finding[] = [whichCancel];
