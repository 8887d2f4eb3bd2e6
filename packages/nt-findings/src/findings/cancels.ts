import { AFD_POLL_ACCEPT, IO_STATUS_BLOCK } from 'ntdllx';
import { cancelInThread } from '../cancel-in-thread.js';
import { type Finding, finding } from '../finding.js';
import { pause, soonMs } from '../loopback.js';
import { packetText } from '../text.js';

const cancelled = 'STATUS_CANCELLED, Information 0';
const none = 'no packet';
const done = 'STATUS_SUCCESS';
const notFound = 'STATUS_NOT_FOUND';
/** How long to wait for a packet after a cancel that cancels no request. */
const silentMs = 50;

const whichCancel = finding(
  'F24',
  {
    title: 'NtCancelIoFileEx finds a request by its block, NtCancelIoFile by its thread',
    claim:
      'NtCancelIoFileEx cancels the request that was submitted on this file with an ' +
      'IO_STATUS_BLOCK at this address, by any thread. It returns STATUS_NOT_FOUND in ' +
      'three cases: the address is that of a copy of the block; the request was ' +
      'submitted on another file, for example on an AFD handle, while the caller names ' +
      'the polled socket; or the request is complete, also while its packet is still on ' +
      'the port. NtCancelIoFile takes no block. It cancels all requests that the calling ' +
      'thread submitted on the file, and returns STATUS_SUCCESS also if there are none. ' +
      'So only the packet with STATUS_CANCELLED proves that it cancelled a request.',
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

    // The address of a copy of the block: a program that moves its block would pass it.
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

    // The request was submitted on the AFD handle, so it does not belong to the polled socket.
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

/** Findings about which request a cancel call cancels, and its result if there is none. */
export const cancels: readonly Finding[] = [whichCancel];
