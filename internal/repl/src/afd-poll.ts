import { everything, type Packet, type Poll, type PolledSocket, RawPoller } from 'nt-afd/raw-poll';
import { afdPollNames } from 'ntdllx';

/** The default time-out of a wait: without one a prompt could hang for ever. */
export const defaultLimitMs = 10_000;
const longestLimitMs = 600_000;

/** The packet of a poll. */
export interface PollPacket {
  /** How the poll ended, by name. */
  readonly status: string;
  /** The AFD_POLL_* bits that are true, by name. */
  readonly events: readonly string[];
  readonly apcContext: bigint;
  readonly information: bigint;
}

/** One AFD_POLL, in a block of its own, that may be looked at until the prompt ends. */
export class AfdPoll {
  /** What NtDeviceIoControlFile returned, by name. */
  readonly status: string;
  /** Its packet, once it was removed from the port. */
  packet: PollPacket | undefined = undefined;
  readonly #poll: Poll;
  readonly #polls: Polls;

  /** Made by {@link Polls.arm}. */
  constructor(polls: Polls, poll: Poll, status: string) {
    this.#polls = polls;
    this.#poll = poll;
    this.status = status;
  }

  /** Its AFD_POLL_INFO: the request, and once the packet was taken, the answer. */
  get info() {
    return this.#poll.output;
  }

  /** Its IO_STATUS_BLOCK: STATUS_PENDING while the kernel has it. */
  get iosb() {
    return this.#poll.iosb;
  }

  /**
   * Takes its packet off the port. Blocks; packets of other polls that come first are kept for them.
   *
   * @param limitMs 0 to 600,000.
   * @returns undefined when none came in time.
   */
  wait(limitMs = defaultLimitMs): PollPacket | undefined {
    if (!(limitMs >= 0 && limitMs <= longestLimitMs)) {
      throw new RangeError(`wait takes 0 to ${longestLimitMs} ms, got ${limitMs}.`);
    }
    return this.packet ?? this.#polls.take(this, limitMs);
  }

  /** Asks the kernel to end it. The packet comes all the same. @returns the status by name. */
  cancel(): string {
    return this.#polls.cancel(this.#poll);
  }
}

/** The raw polls of a prompt, all on one port, which is opened by the first. */
export class Polls {
  #poller: RawPoller | undefined;
  readonly #armed = new Map<Poll, AfdPoll>();

  /**
   * Arms one raw AFD_POLL on the handle of AFD itself; it never ends by time.
   *
   * @param mask AFD_POLL_* bits; default: all of them.
   * @throws {TypeError} for what is no socket or no mask. @throws {Error} when AFD refuses.
   */
  arm(skt: PolledSocket, mask = everything): AfdPoll {
    if (typeof (skt as Partial<PolledSocket> | null)?.baseHandle !== 'function') {
      throw new TypeError(
        'poll wants a socket, such as new SocketCreator().fromAddress(...) makes.',
      );
    }
    if (!Number.isInteger(mask) || mask < 1 || mask > 0xffff_ffff) {
      throw new TypeError(`poll wants a mask of AFD_POLL_* bits, got ${mask}.`);
    }
    this.#poller ??= new RawPoller();
    const { poll, status } = this.#poller.arm(skt, mask);
    if (!/^STATUS_(SUCCESS|PENDING)$/.test(status))
      throw new Error(`AFD refused the poll: ${status}.`);
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

  /** Ends what is pending, and gives everything back. @returns whether there was anything. */
  close(): boolean {
    if (this.#poller === undefined) return false;
    this.#poller.close();
    this.#poller = undefined;
    return true;
  }
}
