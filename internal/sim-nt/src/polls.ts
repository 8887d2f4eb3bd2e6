import {
  AFD_POLL_LOCAL_CLOSE,
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  type NTSTATUS,
  STATUS_CANCELLED,
  STATUS_HANDLES_CLOSED,
  STATUS_PENDING,
  STATUS_SUCCESS,
  STATUS_TIMEOUT,
} from 'ntdllx';
import type { Core } from './core.js';
import type { FileObject, Packet, PollEntry, PollRequest, SimSocket } from './objects.js';

/** The report for one socket. */
interface Report {
  readonly entry: PollEntry;
  readonly bits: number;
}

/** The time-out of a poll: immediate, never, or at a simulated time. */
export type Deadline = 'now' | 'never' | number;

/**
 * All AFD_POLL requests of the kernel: the pending ones, and those whose packet has not been
 * taken.
 */
export class Polls {
  readonly #core: Core;
  readonly #pending: PollRequest[] = [];
  /** Completed requests whose packet is in transit; for messages. */
  readonly #untaken = new Set<PollRequest>();
  readonly #byIosb = new Map<number, PollRequest>();
  /** True if two pending requests have ever used the same IO_STATUS_BLOCK. */
  #isIosbShared = false;
  /** The number of polls started so far. */
  started = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The number of pending polls. */
  get count(): number {
    return this.#pending.length;
  }

  /** The number of completed polls whose packet is still on the port. */
  get untaken(): number {
    return this.#untaken.size;
  }

  /** Starts a poll with complete entries. */
  start(request: PollRequest, deadline: Deadline): NTSTATUS {
    this.#pin(request, 1);
    const ready: Report[] = [];
    for (const entry of request.entries) {
      const bits = entry.socket.bits & (entry.mask | AFD_POLL_LOCAL_CLOSE);
      if (bits !== 0) ready.push({ entry, bits });
    }
    if (ready.length > 0 || deadline === 'now') return this.#endAtOnce(request, ready);
    if (request.isExclusive) this.#displaceOthers(request);
    request.index = this.#pending.push(request) - 1;
    request.file.pending.add(request);
    if (this.#byIosb.has(request.iosb)) this.#isIosbShared = true;
    this.#byIosb.set(request.iosb, request);
    for (const entry of request.entries) entry.socket.polls.push(entry);
    if (deadline !== 'never') {
      request.timer = this.#core.clock.at(deadline, () => this.#end(request, STATUS_TIMEOUT, []));
    }
    return STATUS_PENDING;
  }

  /** Completes the polls for which the socket's current state is sufficient. */
  look(socket: SimSocket): void {
    const { bits } = socket;
    // Completing a poll removes it from the list, so the list is traversed from its end, or
    // copied.
    const entries = socket.polls.length === 1 ? socket.polls : [...socket.polls];
    for (const entry of entries.length === 1 ? [entries[0] as PollEntry] : entries) {
      const hit = bits & (entry.mask | AFD_POLL_LOCAL_CLOSE);
      if (hit === 0 || entry.request.index < 0) continue;
      this.#end(entry.request, STATUS_SUCCESS, [{ entry, bits: hit }]);
    }
  }

  /** Called when a socket's last handle was closed: completes its pending polls. */
  closeSocket(socket: SimSocket): void {
    for (const entry of [...socket.polls]) {
      if (entry.request.index < 0) continue;
      this.#end(entry.request, STATUS_SUCCESS, [{ entry, bits: AFD_POLL_LOCAL_CLOSE }]);
    }
  }

  /** Called when a file's last handle was closed. */
  closeFile(file: FileObject): void {
    if (!this.#core.profile.closeEndsPolls) return;
    for (const request of [...file.pending]) this.#end(request, STATUS_HANDLES_CLOSED);
  }

  /**
   * Cancels one poll, or all polls, of a file.
   *
   * @returns the number of cancelled polls
   */
  cancel(file: FileObject, iosb: number | undefined): number {
    if (iosb !== undefined && !this.#isIosbShared) {
      const request = this.#byIosb.get(iosb);
      if (request?.file !== file) return 0;
      this.#end(request, STATUS_CANCELLED);
      return 1;
    }
    let count = 0;
    for (const request of [...file.pending]) {
      if (iosb !== undefined && request.iosb !== iosb) continue;
      this.#end(request, STATUS_CANCELLED);
      count += 1;
    }
    return count;
  }

  /** Ends a random pending poll as if an exclusive poll had displaced it. */
  displaceOne(): void {
    const request = this.#pending[this.#core.random.below(this.#pending.length)];
    if (request !== undefined) this.#end(request, STATUS_SUCCESS, []);
  }

  /** Ends this poll as if an exclusive poll had displaced it, if it is pending. */
  displace(file: FileObject, iosb: number): boolean {
    const request = this.#byIosb.get(iosb);
    if (request?.file !== file) return false;
    this.#end(request, STATUS_SUCCESS, []);
    return true;
  }

  /** Called when the packet was taken or never will be: releases the request's memory. */
  forget({ request }: Packet): void {
    if (request === undefined || !this.#untaken.delete(request)) return;
    this.#pin(request, -1);
  }

  /** Names the request that uses some of these bytes. */
  ownerOf(from: number, to: number): string {
    const names = ({ pinned }: PollRequest) =>
      pinned.some(({ block, offset, byteLength }) => {
        const start = block.address + offset;
        return start < to && from < start + byteLength;
      });
    const pending = this.#pending.find(names);
    const owner = pending ?? [...this.#untaken].find(names);
    if (owner === undefined) return 'a request';
    const what = pending === undefined ? 'packet not taken yet' : 'pending';
    return (
      `poll ${owner.number} (${what}) of handle 0x${owner.handle.toString(16)}, ` +
      `ApcContext 0x${owner.context.toString(16)}, armed at ${owner.armedMs.toFixed(3)} ms`
    );
  }

  #displaceOthers(request: PollRequest): void {
    for (const { socket } of request.entries) {
      for (const other of [...socket.polls]) {
        if (other.request.isExclusive && other.request.index >= 0) {
          this.#end(other.request, STATUS_SUCCESS, []);
        }
      }
    }
  }

  #endAtOnce(request: PollRequest, ready: Report[]): NTSTATUS {
    const { dice } = this.#core;
    // A poll that completes at once, exclusive or not, displaces only the polls that it has
    // already displaced.
    if (request.isExclusive) this.#displaceOthers(request);
    if (dice.rolls('pendingAlthoughDone')) {
      if (dice.rolls('late')) this.#finishLate(request, STATUS_SUCCESS, ready);
      else this.#finish(request, STATUS_SUCCESS, ready, true);
      return STATUS_PENDING;
    }
    const skipsPort = (request.file.flags & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS) !== 0;
    this.#finish(request, STATUS_SUCCESS, ready, !skipsPort);
    return STATUS_SUCCESS;
  }

  /** Completes a pending poll. Without reports the output is not written. */
  #end(request: PollRequest, status: NTSTATUS, ready?: Report[]): void {
    this.#remove(request);
    if (this.#core.dice.rolls('late')) this.#finishLate(request, status, ready);
    else this.#finish(request, status, ready, true);
  }

  #finishLate(request: PollRequest, status: NTSTATUS, ready?: Report[]): void {
    const { clock, random } = this.#core;
    this.#untaken.add(request);
    clock.at(clock.nowMs + random.below(31) / 10, () => {
      this.#untaken.delete(request);
      this.#finish(request, status, ready, true);
    });
  }

  #remove(request: PollRequest): void {
    const last = this.#pending.pop();
    if (last !== undefined && last !== request) {
      this.#pending[request.index] = last;
      last.index = request.index;
    }
    request.index = -1;
    request.file.pending.delete(request);
    if (this.#byIosb.get(request.iosb) === request) this.#byIosb.delete(request.iosb);
    request.timer?.cancel();
    for (const entry of request.entries) {
      const { polls } = entry.socket;
      const index = polls.indexOf(entry);
      if (index >= 0) polls.splice(index, 1);
    }
  }

  #finish(
    request: PollRequest,
    status: NTSTATUS,
    ready: Report[] | undefined,
    isReported: boolean,
  ) {
    const information = ready === undefined ? 0 : 16 + 16 * ready.length;
    if (ready !== undefined) this.#writeOutput(request, ready);
    const { memory } = this.#core;
    if (memory.locate(request.iosb, 16, `end of poll ${request.number}`)) {
      memory.view.setUint32(memory.at, status, true);
      memory.view.setUint32(memory.at + 8, information, true);
      memory.view.setUint32(memory.at + 12, 0, true);
    }
    const { context, file } = request;
    const isPacketDue = isReported && file.port !== undefined && Number(context) !== 0;
    if (isPacketDue && file.port !== undefined) {
      this.#untaken.add(request);
      this.#core.post(file.port, { key: file.key, context, status, information, request });
    } else this.#pin(request, -1);
  }

  #writeOutput(request: PollRequest, ready: Report[]): void {
    const { memory } = this.#core;
    const byteLength = 16 + 16 * ready.length;
    if (!memory.locate(request.output, byteLength, `end of poll ${request.number}`)) return;
    const { view } = memory;
    const { header } = request;
    if (header !== undefined) {
      view.setUint32(memory.at, header[0], true);
      view.setUint32(memory.at + 4, header[1], true);
      view.setUint32(memory.at + 12, header[2], true);
    }
    view.setUint32(memory.at + 8, ready.length, true);
    let at = memory.at + 16;
    for (const { entry, bits } of ready) {
      view.setUint32(at, entry.handle % 0x1_0000_0000, true);
      view.setUint32(at + 4, Math.floor(entry.handle / 0x1_0000_0000), true);
      view.setUint32(at + 8, bits, true);
      view.setUint32(at + 12, (bits & 0x100) !== 0 ? entry.socket.failure : 0, true);
      at += 16;
    }
  }

  #pin(request: PollRequest, by: 1 | -1): void {
    for (const { block, offset, byteLength } of request.pinned) block.pin(offset, byteLength, by);
  }
}
