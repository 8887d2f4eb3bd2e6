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

/** How many bytes a poll over one socket takes, and gives back. */
const pollBytes = AFD_POLL_INFO.byteLength(1);
const mask = AFD_POLL_RECEIVE | AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE;
/** How many loans of a block have different numbers; from 1, so that no ApcContext is null. */
const generationCount = 65_536;
/** How long closing waits for the packets of the polls that it ended. */
const drainLimitMs = 30_000;

/** A registered socket. */
export interface Entry {
  /** What messages to it begin with. */
  readonly name: string;
  readonly skt: AcceptedSkt | DatagramSkt;
  /** The handle that AFD knows it by. */
  readonly base: HANDLE;
  /** The number of its block, which stays the same. */
  readonly block: number;
  /** Its place in the table, which changes; -1 once it is removed. */
  index: number;
}

/** A block: the memory of one poll after the other, of one socket after the other. */
interface Block {
  /** Counts the loans to the kernel. */
  generation: number;
  /** Whose it is; undefined while it is free. */
  entry: Entry | undefined;
  /** The memory that is lent: it neither moves nor is freed before the poll's packet is taken. */
  poll: PoisonedPoll | undefined;
  /** The ApcContext of the loan before the present one. */
  earlier: number | undefined;
}

/** What a packet led to. */
export interface Found {
  readonly entry: Entry | undefined;
  /** The AFD_POLL_* bits of its poll; undefined when that is still pending: the packet is another's. */
  readonly events: number | undefined;
}

/**
 * A table of sockets, each with one poll pending. The table moves: it grows, and a removal puts the
 * last socket into the gap. So what the kernel is given as ApcContext is no place in the table, but the
 * number of a block with the generation of the loan, as in the engine:
 *
 *     table of sockets (moves)         blocks (pinned)                 kernel
 *     [ a | b | c | d ]  ──── block ─▶ 7: IOSB, AFD_POLL_INFO  ◀────── writes how the poll ended
 *                                          ▲
 *     packet: ApcContext = 7, generation 3 ┘ found only while loan 3 of block 7 lasts
 *
 * A block is the kernel's from just before NtDeviceIoControlFile until its packet is taken off the port.
 */
export class PinnedRegistry {
  /** The sockets, in no order. */
  protected readonly table: Entry[] = [];
  /** By number. */
  protected readonly blocks: Block[] = [];
  readonly #free: number[] = [];
  readonly #port = new StagePort();
  /** Packets that are due: of polls that were submitted, and those that were posted. */
  #due = 0;

  get size(): number {
    return this.table.length;
  }

  /** The socket at a place of the table. */
  at(index: number): Entry {
    const entry = this.table[index];
    if (entry === undefined) throw new RangeError(`The table has no place ${index}.`);
    return entry;
  }

  /** Registers a socket, which is the registry's from here on, and submits its first poll. */
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
   * Removes a socket by a swap with the last one, and closes it. Its poll ends with LOCAL_CLOSE; until
   * that packet is taken its block stays the kernel's.
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

  /** Submits the next poll of a socket, in the block that it always has. */
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
      // Refused: there is no request and will be no packet, so the memory is still ours.
      poll.takeBack();
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
    this.#due += 1;
  }

  /** The ApcContext of the present loan of a socket's block. */
  protected name({ block }: Entry): number {
    return block * generationCount + (this.blocks[block]?.generation ?? 0);
  }

  /** The socket that a packet is of; undefined for a packet of an earlier loan, or an unknown one. */
  protected find(apcContext: number): Entry | undefined {
    const block = this.blocks[Math.floor(apcContext / generationCount)];
    return block?.generation === apcContext % generationCount ? block.entry : undefined;
  }

  /** True once the kernel wrote how the poll of a socket ended, until its packet is taken. */
  isComplete(entry: Entry): boolean {
    return this.#blockOf(entry).poll?.isPending === false;
  }

  /** Takes packets off the port, and their blocks back. Blocks for the time at the most. */
  take(timeoutMs: number): Found[] {
    const contexts = this.#port.remove(timeoutMs);
    this.#due -= contexts.length;
    return contexts.map((apcContext) => {
      const entry = this.find(apcContext);
      const isComplete = entry !== undefined && this.isComplete(entry);
      return { entry, events: isComplete ? this.#takeBack(entry) : undefined };
    });
  }

  /** Posts a packet of the loan before the present one, as any program with the port could. */
  postEarlier(entry: Entry): void {
    const { earlier } = this.#blockOf(entry);
    if (earlier === undefined) throw new Error(`${entry.name} has its first poll.`);
    this.#port.post(earlier);
    this.#due += 1;
  }

  /**
   * Closes the sockets, which ends their polls, and takes every packet; then gives the memory back.
   * Packets are counted here and not found, so that it ends well for a registry that finds nothing.
   *
   * @throws {Error} when packets do not come: the memory of those polls stays allocated.
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

  /** The packet was taken: the memory is ours. @returns its events. */
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
