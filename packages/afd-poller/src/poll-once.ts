import {
  CompletionPort,
  pollBlockBytes,
  pollInfoOffset,
  pollStatus,
  portMemoryBytes,
  reportedCause,
  reportedEvents,
  reportedHandle,
  reportedHandles,
  submitPoll,
  writePoll,
  writePollHandle,
  writePollHeader,
} from 'nt-afd';
import {
  type HANDLE,
  INT64_MAX,
  isNtError,
  isNtSuccess,
  type Kernel,
  type NativeMemory,
  type NTSTATUS,
  NtStatusError,
  relativeTimeout100ns,
  STATUS_TIMEOUT,
  showValue,
} from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { openDevice } from './afd-handles.js';
import { PollerError } from './errors.js';
import { type Interest, prepareInterest } from './interest.js';
import { type PollerOptions, readOptions } from './options.js';
import { afdMask, Readiness, readinessOf } from './readiness.js';
import { requireSkt } from './require-skt.js';
import { requireTimeout } from './require-timeout.js';

/** A socket and its interest. */
export interface PollOnceEntry {
  /** The socket to poll. The caller keeps owning it. */
  readonly skt: Skt;
  /** An interest as for a poller. The only mode is `level`. */
  readonly interest: Interest;
}

/** A socket that is ready. */
export interface PollOnceResult {
  /** The socket of the entry. */
  readonly skt: Skt;
  /** Bits of `Readiness`. */
  readonly bits: number;
  /** Why a connect failed; otherwise 0. */
  readonly cause: NTSTATUS;
}

/** Options of {@link pollOnce}; they mean the same as for a poller. */
export type PollOnceOptions = Pick<PollerOptions, 'allowMainThread'>;

interface Entry {
  readonly skt: Skt;
  readonly base: HANDLE;
  readonly bits: number;
}

/** The largest number of sockets in one call. */
const mostEntries = 4_096;
/** Longer than any program runs, and far below the limit of NT's 64-bit time-outs. */
const longestMs = 2 ** 46;

/**
 * Waits once until any of several sockets is ready, by one AFD_POLL for all of them. It keeps no
 * handle and no memory. It replaces select, without the limit of 64 sockets, and WSAPoll, which
 * never reports a failed connect. Use a poller for frequent waits.
 *
 * @param entries 1 to 4,096 sockets, each once.
 * @param timeoutMs as for `AfdPoller.wait`.
 * @returns every socket that is ready, in the order of `entries`; an empty list when the time is
 *   over.
 * @throws {PollerError} for wrong arguments, and on Node's main thread as `AfdPoller.wait` does.
 * @throws {SktError} for a closed socket. @throws {NtStatusError} when NT refuses.
 *
 * @example
 * ```ts
 * import { pollOnce } from 'afd-poller';
 * import { SocketCreator, UDPAddress } from 'tofu-sockets';
 *
 * const skt = new SocketCreator().fromAddress(new UDPAddress('127.0.0.1', 0));
 * const entries = [{ skt, interest: { readable: true } }];
 * const ready = pollOnce(entries, 100, { allowMainThread: true });
 * console.log(ready.length === 0 ? 'no datagram within 100 ms' : 'a datagram');
 * skt.close();
 * ```
 */
export function pollOnce(
  entries: readonly PollOnceEntry[],
  timeoutMs: number,
  options: PollOnceOptions = {},
): PollOnceResult[] {
  const { kernel, now, allowMainThread } = readOptions(options);
  requireTimeout(timeoutMs, allowMainThread);
  const list = readEntries(entries, kernel);
  const deadlineMs = now() + timeoutMs;
  const poll = new OnePoll(kernel, list);
  try {
    for (;;) {
      // A clock that returns NaN ends the wait, as in a poller.
      const first = poll.run(Math.max(0, deadlineMs - now()) || 0);
      // A poll that had to wait reports only the first socket that became ready, so a second poll
      // with time-out 0 queries all of them.
      const ready = first.length === 0 || list.length === 1 ? first : poll.run(0);
      if (ready.length > 0) return ready;
      // The socket is no longer ready: another thread has received its data meanwhile, for
      // example.
      if (!(now() < deadlineMs)) return first;
    }
  } finally {
    poll.close();
  }
}

/** The handles and the memory of one {@link pollOnce}. */
class OnePoll {
  readonly #kernel: Kernel;
  readonly #entries: readonly Entry[];
  readonly #byHandle = new Map<HANDLE, Entry>();
  readonly #memory: NativeMemory;
  readonly #port: CompletionPort;
  readonly #afd: HANDLE;

  constructor(kernel: Kernel, entries: readonly Entry[]) {
    this.#kernel = kernel;
    this.#entries = entries;
    for (const entry of entries) this.#byHandle.set(entry.base, entry);
    this.#memory = kernel.allocate(portMemoryBytes);
    try {
      this.#port = new CompletionPort(kernel, this.#memory);
    } catch (error) {
      this.#memory.free();
      throw error;
    }
    try {
      this.#afd = openDevice(kernel);
    } catch (error) {
      this.#closePort();
      throw error;
    }
    const status = this.#port.associate(this.#afd, 0);
    if (!isNtError(status)) return;
    this.close();
    throw new NtStatusError('NtSetInformationFile', status);
  }

  /**
   * Submits one AFD_POLL and waits until it is complete. The kernel owns the block from the call
   * until the packet is removed.
   */
  run(timeoutMs: number): PollOnceResult[] {
    const block = this.#kernel.allocate(pollBlockBytes(this.#entries.length));
    try {
      this.#submit(block, timeoutMs);
    } catch (error) {
      block.free();
      throw error;
    }
    // AFD itself ends the poll when its time is over. No other code uses this port, so the packet
    // is that of the poll. The thread returns to JavaScript once a second, so that a worker can be
    // terminated meanwhile.
    while (this.#port.take(1_000) === 0);
    this.#port.next();
    const ended = pollStatus(block, 0);
    const ready = isNtSuccess(ended) ? this.#read(block) : [];
    block.free();
    if (isNtSuccess(ended) || ended === STATUS_TIMEOUT) return ready;
    throw new NtStatusError('NtDeviceIoControlFile', ended);
  }

  /** @throws {NtStatusError} when NT refuses; then the block is ours. */
  #submit(block: NativeMemory, timeoutMs: number): void {
    const { length } = this.#entries;
    writePollHeader(block, 0, timeoutMs > longestMs ? INT64_MAX : relativeTimeout100ns(timeoutMs));
    writePoll(block, 0, length);
    for (const [index, { base, bits }] of this.#entries.entries()) {
      writePollHandle(block, 0, index, base, afdMask(bits));
    }
    const { address } = block;
    const info = address + pollInfoOffset;
    const status = submitPoll(this.#kernel, this.#afd, address, address, info, length);
    if (isNtError(status)) throw new NtStatusError('NtDeviceIoControlFile', status);
  }

  close(): void {
    this.#kernel.NtClose(this.#afd);
    this.#closePort();
  }

  #closePort(): void {
    this.#port.close();
    this.#memory.free();
  }

  /**
   * The output lists only the ready sockets, so each of its handles is looked up among the
   * entries.
   */
  #read(block: NativeMemory): PollOnceResult[] {
    const results: PollOnceResult[] = [];
    for (let index = 0; index < reportedHandles(block, 0); index += 1) {
      const entry = this.#byHandle.get(reportedHandle(block, 0, index));
      if (entry === undefined) continue;
      const events = reportedEvents(block, 0, index);
      const bits = readinessOf(events, entry.bits | Readiness.localClosed);
      if (bits !== 0) results.push({ skt: entry.skt, bits, cause: reportedCause(block, 0, index) });
    }
    return results;
  }
}

function readEntries(entries: readonly PollOnceEntry[], kernel: Kernel): Entry[] {
  if (!Array.isArray(entries) || entries.length < 1 || entries.length > mostEntries) {
    const shown = Array.isArray(entries) ? `${entries.length} entries` : showValue(entries);
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `pollOnce takes an array of 1 to ${mostEntries} entries { skt, interest }, got ${shown}.`,
    );
  }
  const seen = new Set<Skt>();
  return entries.map((entry: PollOnceEntry) => {
    const { skt, interest } = entry ?? {};
    requireSkt(skt, kernel, 'Each entry of pollOnce needs a socket of tofu-sockets as its skt');
    const { bits, mode } = prepareInterest(interest);
    if (mode !== 'level') {
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        `pollOnce supports only the mode level, got ${mode}: leave the mode out.`,
      );
    }
    if (seen.has(skt)) {
      throw new PollerError(
        'ERR_POLLER_ARGUMENT',
        'pollOnce got two entries with the same socket: put its interests into one entry.',
      );
    }
    seen.add(skt);
    return { skt, base: skt.baseHandle(), bits };
  });
}
