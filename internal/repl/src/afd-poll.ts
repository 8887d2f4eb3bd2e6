import { everything, type Packet, type Poll, type PolledSocket, RawPoller } from 'nt-afd/raw-poll';
import { afdPollNames } from 'ntdllx';

/** The default time-out of a wait: without a time-out a prompt could hang for ever. */
export const defaultLimitMs = 10_000;
const longestLimitMs = 600_000;

/** The packet of a poll. */
export interface PollPacket {
  /** The name of the poll's status. */
  readonly status: string;
  /** The names of the reported AFD_POLL_* bits. */
  readonly events: readonly string[];
  readonly apcContext: bigint;
  readonly information: bigint;
}

/** One AFD_POLL in its own block, which can be inspected until the prompt ends. */
export class AfdPoll {
  /** The name of the status that NtDeviceIoControlFile returned. */
  readonly status: string;
  /** The packet of the poll; undefined until it was removed from the port. */
  packet: PollPacket | undefined = undefined;
  readonly #poll: Poll;
  readonly #polls: Polls;

  /** Made by {@link Polls.arm}. */
  constructor(polls: Polls, poll: Poll, status: string) {
    this.#polls = polls;
    this.#poll = poll;
    this.status = status;
  }

  /** Its AFD_POLL_INFO: the request, and after the packet was taken, the answer. */
  get info() {
    return this.#poll.output;
  }

  /** Its IO_STATUS_BLOCK: STATUS_PENDING while the request is pending. */
  get iosb() {
    return this.#poll.iosb;
  }

  /**
   * Takes its packet off the port. Blocks. Packets of other polls that arrive first are kept for
   * those polls.
   *
   * @param limitMs 0 to 600,000.
   * @returns undefined if none arrived in time.
   */
  wait(limitMs = defaultLimitMs): PollPacket | undefined {
    if (!(limitMs >= 0 && limitMs <= longestLimitMs)) {
      throw new RangeError(`wait needs a limit of 0 to ${longestLimitMs} ms, got ${limitMs}.`);
    }
    return this.packet ?? this.#polls.take(this, limitMs);
  }

  /**
   * Cancels the poll. Its packet still arrives.
   *
   * @returns the name of the status
   */
  cancel(): string {
    return this.#polls.cancel(this.#poll);
  }
}

/** The raw polls of a prompt, all on one port, which the first poll opens. */
export class Polls {
  #poller: RawPoller | undefined;
  readonly #armed = new Map<Poll, AfdPoll>();

  /**
   * Submits one raw AFD_POLL on an AFD handle, without a time-out.
   *
   * @param mask AFD_POLL_* bits; default: all of them.
   * @throws {TypeError} for a wrong socket or mask.
   * @throws {Error} if AFD rejects the poll.
   */
  arm(skt: PolledSocket, mask = everything): AfdPoll {
    if (typeof (skt as Partial<PolledSocket> | null)?.baseHandle !== 'function') {
      throw new TypeError(
        'poll needs a socket, such as new SocketCreator().fromAddress(...) returns.',
      );
    }
    if (!Number.isInteger(mask) || mask < 1 || mask > 0xffff_ffff) {
      throw new TypeError(`poll needs a mask of AFD_POLL_* bits, got ${mask}.`);
    }
    this.#poller ??= new RawPoller();
    const { poll, status } = this.#poller.arm(skt, mask);
    if (!/^STATUS_(SUCCESS|PENDING)$/.test(status))
      throw new Error(`AFD rejected the poll: ${status}.`);
    const armed = new AfdPoll(this, poll, status);
    this.#armed.set(poll, armed);
    return armed;
  }

  /** @internal For {@link AfdPoll.wait}. */
  take(wanted: AfdPoll, limitMs: number): PollPacket | undefined {
    const until = performance.now() + limitMs;
    for (let leftMs = limitMs; wanted.packet === undefined; leftMs = until - performance.now()) {
      const packet = this.#poller?.next(Math.max(0, leftMs));
      if (packet === undefined) return undefined;
      if (packet.poll !== undefined) this.#deliver(packet, packet.poll);
    }
    return wanted.packet;
  }

  #deliver(packet: Packet, poll: Poll): void {
    const armed = this.#armed.get(poll);
    if (armed === undefined) return;
    const { status, apcContext, information } = packet;
    const events = afdPollNames(poll.reported[0]?.events ?? 0);
    armed.packet = { status, events, apcContext, information };
  }

  /** @internal For {@link AfdPoll.cancel}. */
  cancel(poll: Poll): string {
    return this.#poller?.cancel(poll) ?? 'STATUS_NOT_FOUND';
  }

  /**
   * Cancels the pending polls and releases all resources.
   *
   * @returns whether there were any
   */
  close(): boolean {
    if (this.#poller === undefined) return false;
    this.#poller.close();
    this.#poller = undefined;
    return true;
  }
}
