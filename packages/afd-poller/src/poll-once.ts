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
} from 'ntdllx';
import type { Skt } from 'tofu-sockets';
import { openDevice } from './afd-handles.js';
import { PollerError } from './errors.js';
import { type Interest, prepareInterest } from './interest.js';
import { type PollerOptions, readOptions } from './options.js';
import { afdMask, Readiness, readinessOf } from './readiness.js';
import { requireSkt } from './require-skt.js';
import { requireTimeout } from './require-timeout.js';

/** A socket, and what to look for. */
export interface PollOnceEntry {
  readonly skt: Skt;
  /** As for a poller; there is no mode but `level`. */
  readonly interest: Interest;
}

/** A socket that is ready. */
export interface PollOnceResult {
  readonly skt: Skt;
  /** Bits of `Readiness`. */
  readonly bits: number;
  /** Of a failed connect: why. Otherwise 0. */
  readonly cause: NTSTATUS;
}

/** Options of {@link pollOnce}; as those of a poller. */
export type PollOnceOptions = Pick<PollerOptions, 'allowMainThread'>;

interface Entry {
  readonly skt: Skt;
  readonly base: HANDLE;
  readonly bits: number;
}

/** One AFD_POLL takes as many; more than select's 64 by far. */
const mostEntries = 4_096;
/** Longer than any program runs, and far below what 64 bits hold. */
const longestMs = 2 ** 46;

/**
 * Waits once for any of several sockets, by one AFD_POLL over all of them, and leaves nothing
 * behind: what select and WSAPoll are for, without select's 64 sockets and without WSAPoll's failed
 * connects that are never reported. For more than a now-and-then use, make a poller.
 *
 * @param entries 1 to 4,096 sockets, each once.
 * @param timeoutMs as for `AfdPoller.wait`.
 * @returns every socket that is ready, in the order of `entries`; none when the time is over.
 * @throws {PollerError} for wrong arguments, and on Node's main thread as `AfdPoller.wait` does.
 * @throws {SktError} for a closed socket. @throws {NtStatusError} when NT refuses.
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
      // A clock that says NaN ends the wait, as a poller's does.
      const first = poll.run(Math.max(0, deadlineMs - now()) || 0);
      // A poll that had to wait ends with the first socket alone: a look at all of them follows.
      const ready = first.length === 0 || list.length === 1 ? first : poll.run(0);
      if (ready.length > 0) return ready;
      // What was ready is not any more: another thread was faster.
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

  /** One AFD_POLL, to its end. The block is the kernel's from the call until its packet is removed. */
  run(timeoutMs: number): PollOnceResult[] {
    const block = this.#kernel.allocate(pollBlockBytes(this.#entries.length));
    try {
      this.#submit(block, timeoutMs);
    } catch (error) {
      block.free();
      throw error;
    }
    // AFD itself knows when the time is over, and no other code has this port: the packet is ours. Once a
    // second this thread runs JavaScript's own checks, so that a worker can be terminated meanwhile.
    while (this.#port.take(1_000) === 0);
    this.#port.next();
    const ended = pollStatus(block, 0);
    const ready = isNtSuccess(ended) ? this.#read(block) : [];
    block.free();
    if (isNtSuccess(ended) || ended === STATUS_TIMEOUT) return ready;
    throw new NtStatusError('NtDeviceIoControlFile', ended);
  }

  /** @throws {NtStatusError} when NT refuses: the block is ours then. */
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

  /** The output is compacted: its handles are looked up among those that were asked about. */
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
    throw new PollerError(
      'ERR_POLLER_ARGUMENT',
      `pollOnce wants an array of 1 to ${mostEntries} sockets with interests.`,
    );
  }
  const seen = new Set<Skt>();
  return entries.map((entry: PollOnceEntry) => {
    const { skt, interest } = entry ?? {};
    requireSkt(skt, kernel, 'pollOnce looks at a Skt');
    const { bits, mode } = prepareInterest(interest);
    if (mode !== 'level') {
      throw new PollerError('ERR_POLLER_ARGUMENT', 'pollOnce has no mode but level.');
    }
    if (seen.has(skt)) {
      throw new PollerError('ERR_POLLER_ARGUMENT', 'A socket is in the list of pollOnce twice.');
    }
    seen.add(skt);
    return { skt, base: skt.baseHandle(), bits };
  });
}
