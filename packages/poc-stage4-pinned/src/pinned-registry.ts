import { PollBlocks } from 'afd-poller/internal';
import {
  AFD_POLL_ABORT,
  AFD_POLL_INFO,
  AFD_POLL_LOCAL_CLOSE,
  AFD_POLL_RECEIVE,
  type HANDLE,
  IOCTL_AFD_POLL,
  isNtError,
  NtDeviceIoControlFile,
  NtStatusError,
  ntKernel,
} from 'ntdllx';
import { CompletionPort, Deadline, runAll } from 'poc-kit';
import type { AcceptedSkt, DatagramSkt } from 'tofu-sockets';

/** How many bytes a poll over one socket takes, and gives back. */
const pollBytes = AFD_POLL_INFO.byteLength(1);
const mask = AFD_POLL_RECEIVE | AFD_POLL_ABORT | AFD_POLL_LOCAL_CLOSE;
/** How long closing waits for the packets of the polls that it ended. */
const drainLimitMs = 30_000;

/** A registered socket. */
export interface Entry {
  /** What messages to it begin with. */
  readonly name: string;
  readonly skt: AcceptedSkt | DatagramSkt;
  /** The handle that AFD knows it by. */
  readonly base: HANDLE;
  /** The number of its block: an IO_STATUS_BLOCK and an AFD_POLL_INFO at an address that never changes. */
  readonly block: number;
  /** Its place in the table, which changes; -1 once it is removed. */
  index: number;
}

/** What a packet led to: the socket whose poll completed, if any, and its AFD_POLL_* bits. */
export interface Found {
  readonly entry: Entry | undefined;
  readonly events: number;
}

/**
 * A table of sockets, each with one poll pending. The table moves: it grows, and a removal puts the
 * last socket into the gap. What the kernel knows of a socket therefore is no place in the table:
 *
 *     table of sockets (moves)         blocks (pinned)               kernel
 *     [ a | b | c | d ]  ──── block ─▶ 7: IOSB, AFD_POLL_INFO  ◀──── writes how the poll ended
 *                                          ▲
 *     packet: ApcContext = 7 with the generation of the loan ────── which poll it was
 *
 * The blocks are those of the engine. A block is the kernel's from just before NtDeviceIoControlFile
 * until its packet is taken off the port. Each loan has another generation, so that the packet of an
 * earlier loan finds nothing.
 */
export class PinnedRegistry {
  /** The sockets, in no order. */
  protected readonly table: Entry[] = [];
  protected readonly blocks = new PollBlocks(ntKernel);
  /** By block: whose poll it is lent for. */
  protected readonly byBlock: (Entry | undefined)[] = [];
  /** By block: the ApcContext of the loan before the present one. */
  readonly #earlier: (number | undefined)[] = [];
  readonly #port = new CompletionPort();
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
    const entry = { name, skt, base, block: this.blocks.acquire(), index: this.table.length };
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
    const { base, block } = entry;
    const { blocks } = this;
    this.#earlier[block] = this.byBlock[block] === undefined ? undefined : this.name(entry);
    blocks.setHandle(block, 0, base, mask);
    blocks.lend(block, 1);
    this.byBlock[block] = entry;
    const info = blocks.infoAddress(block);
    const status = NtDeviceIoControlFile(
      base,
      0, // Event
      0, // ApcRoutine
      this.name(entry), // ApcContext
      blocks.address(block), // IoStatusBlock
      IOCTL_AFD_POLL,
      info,
      pollBytes,
      info,
      pollBytes,
    );
    if (isNtError(status)) {
      // Refused: there is no request and will be no packet, so the block is still ours.
      blocks.takeBack(block);
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
    this.#due += 1;
  }

  /** What a packet of the poll that is submitted for a socket says: its ApcContext. */
  protected name(entry: Entry): number {
    return this.blocks.context(entry.block);
  }

  /** The socket that a packet is of; undefined for a packet of an earlier loan, or of nobody. */
  find(apcContext: number): Entry | undefined {
    const block = this.blocks.find(apcContext);
    return block === -1 ? undefined : this.byBlock[block];
  }

  /** True once the kernel wrote how the poll of a socket ended, until its packet is taken. */
  isComplete(entry: Entry): boolean {
    return this.blocks.find(this.blocks.context(entry.block)) === entry.block;
  }

  /** Takes packets off the port, and their blocks back. Blocks for the time at the most. */
  take(timeoutMs: number): Found[] {
    const contexts = this.#port.remove(timeoutMs);
    this.#due -= contexts.length;
    return contexts.map((apcContext) => {
      const entry = this.find(apcContext);
      // What is still pending cannot be what this packet is of.
      if (entry === undefined || !this.isComplete(entry)) return { entry: undefined, events: 0 };
      const { block } = entry;
      const events = this.blocks.reported(block) === 0 ? 0 : this.blocks.events(block, 0);
      this.blocks.takeBack(block);
      if (entry.index === -1) this.#release(block);
      return { entry, events };
    });
  }

  /** Posts a packet of the loan before the present one, as any program with the port could. */
  postEarlier(entry: Entry): void {
    const apcContext = this.#earlier[entry.block];
    if (apcContext === undefined) throw new Error(`${entry.name} has its first poll.`);
    this.#port.post(apcContext);
    this.#due += 1;
  }

  /**
   * Closes the sockets, which ends their polls, and takes every packet; then gives the memory back.
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
      () => this.#free(),
    ]);
  }

  /** Counts packets, so that it ends in the same way when they find nothing, or the wrong socket. */
  #drain(): void {
    const deadline = new Deadline(drainLimitMs);
    while (this.#due > 0 && !deadline.isOver) this.#due -= this.#port.remove(100).length;
  }

  #free(): void {
    if (this.#due === 0) {
      for (const entry of this.byBlock) {
        if (entry !== undefined && this.isComplete(entry)) this.blocks.takeBack(entry.block);
      }
    }
    const left = this.blocks.close();
    if (left > 0) throw new Error(`The kernel holds ${left} blocks: they stay allocated.`);
  }

  #release(block: number): void {
    this.byBlock[block] = undefined;
    this.#earlier[block] = undefined;
    this.blocks.release(block);
  }
}
