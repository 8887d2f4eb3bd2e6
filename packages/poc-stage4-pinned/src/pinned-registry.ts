import {
  AFD_POLL_ABORT,
  AFD_POLL_INFO,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  type HANDLE,
  IOCTL_AFD_POLL,
  isNtError,
  isNtSuccess,
  NtDeviceIoControlFile,
  NtStatusError,
} from 'ntdllx';
import { Deadline, PoisonedPoll, runAll, StagePort } from 'poc-kit';
import type { AcceptedSkt, DatagramSkt } from 'tofu-sockets';

/** The size of the input and of the output of a poll with one socket. */
const pollBytes = AFD_POLL_INFO.byteLength(1);
const mask = AFD_POLL_RECEIVE | AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE;
/**
 * How many successive loans of a block have different generations. They start at 1, so that no
 * ApcContext is null.
 */
const generationCount = 65_536;
/** How long `close` waits for the packets of the polls that it has ended. */
const drainLimitMs = 30_000;

/** A registered socket. */
export interface Entry {
  /** The beginning of each message to this socket. */
  readonly name: string;
  readonly skt: AcceptedSkt | DatagramSkt;
  /** The handle by which AFD identifies the socket. */
  readonly base: HANDLE;
  /** The number of its block, which never changes. */
  readonly block: number;
  /** Its index in the table, which may change; -1 after it was removed. */
  index: number;
}

/** A block: memory for one poll at a time. Successive polls, and successive sockets, use it. */
interface Block {
  /** Counts the loans to the kernel. */
  generation: number;
  /** The socket that uses the block; undefined while it is free. */
  entry: Entry | undefined;
  /**
   * The memory that is lent to the kernel. It is neither moved nor freed before the poll's packet
   * is removed.
   */
  poll: PoisonedPoll | undefined;
  /** The ApcContext of the previous loan. */
  earlier: number | undefined;
}

/** The socket that a packet led to. */
export interface Found {
  readonly entry: Entry | undefined;
  /**
   * The AFD_POLL_* bits of its poll; undefined if the poll is still pending, so that the packet is
   * not its own.
   */
  readonly events: number | undefined;
}

/**
 * A table of sockets, each with one pending poll. Sockets change their index and address: the
 * table grows, and a removal moves the last socket into the gap. Therefore the ApcContext is not
 * an index or an address, but the number of a block with the generation of the loan, as in the
 * engine:
 *
 *     table of sockets (moves)         blocks (pinned)                 kernel
 *     [ a | b | c | d ]  ──── block ─▶ 7: IOSB, AFD_POLL_INFO  ◀────── writes the poll's result
 *                                          ▲
 *     packet: ApcContext = 7, generation 3 ┘ found only while loan 3 of block 7 lasts
 *
 * The kernel owns a block from just before NtDeviceIoControlFile until its packet is removed from
 * the port.
 */
export class PinnedRegistry {
  /** The sockets, in arbitrary order. */
  protected readonly table: Entry[] = [];
  /** The blocks, by number. */
  protected readonly blocks: Block[] = [];
  readonly #free: number[] = [];
  readonly #port = new StagePort();
  /** How many packets have yet to be removed: those of submitted polls, and posted ones. */
  #due = 0;

  get size(): number {
    return this.table.length;
  }

  /** The socket at an index of the table. */
  at(index: number): Entry {
    const entry = this.table[index];
    if (entry === undefined) {
      throw new RangeError(
        `The table has ${this.table.length} sockets, and none at index ${index}.`,
      );
    }
    return entry;
  }

  /** Takes ownership of a socket, registers it and submits its first poll. */
  add(name: string, skt: AcceptedSkt | DatagramSkt): Entry {
    const base = skt.baseHandle();
    this.#port.associate(base);
    const block = this.#free.pop() ?? this.blocks.length;
    const entry: Entry = { name, skt, base, block, index: this.table.length };
    const { generation } = this.blocks[block] ?? { generation: 0 };
    this.blocks[block] = { generation, entry, poll: undefined, earlier: undefined };
    this.table.push(entry);
    this.arm(entry);
    return entry;
  }

  /**
   * Removes a socket from the table by a swap with the last one, and closes it. The poll of the socket
   * then completes with LOCAL_CLOSE and posts a packet. The kernel owns the block of that poll until
   * the program takes this packet from the port.
   */
  remove(entry: Entry): void {
    const last = this.table.pop() as Entry;
    if (last !== entry) {
      this.table[entry.index] = last;
      last.index = entry.index;
    }
    entry.index = -1;
    entry.skt.close();
  }

  /** Submits the next poll of a socket, in the socket's block. */
  arm(entry: Entry): void {
    const { base } = entry;
    const block = this.#blockOf(entry);
    const poll = new PoisonedPoll(base, mask);
    block.poll = poll;
    block.generation = (block.generation % (generationCount - 1)) + 1;
    const [iosb, info] = [poll.iosb.address, poll.info.address];
    poll.handOver(true);
    const status = NtDeviceIoControlFile(
      base,
      0, // Event
      0, // ApcRoutine
      this.name(entry), // ApcContext
      iosb, // IoStatusBlock
      IOCTL_AFD_POLL,
      info,
      pollBytes,
      info,
      pollBytes,
    );
    if (isNtError(status)) {
      // NT refused: no request exists and no packet will arrive, so the memory is still ours.
      poll.takeBack();
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
    this.#due += 1;
  }

  /** The ApcContext of the current loan of a socket's block. */
  protected name({ block }: Entry): number {
    return block * generationCount + (this.blocks[block]?.generation ?? 0);
  }

  /**
   * The socket that a packet belongs to; undefined for a packet of an earlier loan, or an unknown
   * one.
   */
  protected find(apcContext: number): Entry | undefined {
    const block = this.blocks[Math.floor(apcContext / generationCount)];
    return block?.generation === apcContext % generationCount ? block.entry : undefined;
  }

  /**
   * True after the kernel has written the status of a socket's poll, until its packet is removed.
   */
  isComplete(entry: Entry): boolean {
    return this.#blockOf(entry).poll?.isPending === false;
  }

  /** Removes packets from the port, and takes their blocks back. Blocks for at most this time. */
  take(timeoutMs: number): Found[] {
    const contexts = this.#port.remove(timeoutMs);
    this.#due -= contexts.length;
    return contexts.map((apcContext) => {
      const entry = this.find(apcContext);
      const isComplete = entry !== undefined && this.isComplete(entry);
      return { entry, events: isComplete ? this.#takeBack(entry) : undefined };
    });
  }

  /**
   * Posts a packet with the ApcContext of the previous loan, as any program with the port's handle
   * could.
   */
  postEarlier(entry: Entry): void {
    const { earlier } = this.#blockOf(entry);
    if (earlier === undefined) throw new Error(`${entry.name} had no poll before its current one.`);
    this.#port.post(earlier);
    this.#due += 1;
  }

  /**
   * Closes the sockets, which completes their polls, removes every packet and frees the memory. It
   * only counts the packets and does not look up their sockets, so that it also works for a
   * registry whose lookup is wrong.
   *
   * @throws {Error} when packets do not arrive in time; the memory of those polls then stays
   *   allocated.
   */
  close(): void {
    runAll([
      ...this.table.splice(0).map(
        ({ skt }) =>
          () =>
            skt.close(),
      ),
      () => this.#drain(),
      () => this.#port.close(),
      ...this.blocks.splice(0).map(
        ({ poll }) =>
          () =>
            this.#giveBack(poll),
      ),
    ]);
  }

  #drain(): void {
    const deadline = new Deadline(drainLimitMs);
    while (this.#due > 0 && !deadline.isOver) this.#due -= this.#port.remove(100).length;
  }

  #giveBack(poll: PoisonedPoll | undefined): void {
    if (poll === undefined) return;
    poll.isPacketDue = this.#due > 0;
    poll.free();
  }

  /** Takes back the memory of a packet that was removed. @returns the poll's events. */
  #takeBack(entry: Entry): number {
    const block = this.#blockOf(entry);
    const poll = block.poll as PoisonedPoll;
    const isReported = isNtSuccess(poll.iosb.Status) && poll.info.NumberOfHandles === 1;
    const events = isReported ? poll.info.handle(0).Events : 0;
    poll.isPacketDue = false;
    poll.free();
    block.poll = undefined;
    block.earlier = this.name(entry);
    if (entry.index === -1) {
      block.entry = undefined;
      this.#free.push(entry.block);
    }
    return events;
  }

  #blockOf({ block }: Entry): Block {
    return this.blocks[block] as Block;
  }
}
