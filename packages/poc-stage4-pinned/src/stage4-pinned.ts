import { AFD_POLL_LOCAL_CLOSE, AFD_POLL_RECEIVE, nativeMemory } from 'ntdllx';
import {
  Deadline,
  Proof,
  printLine,
  runAll,
  runStage,
  type StageOptions,
  type Verdict,
} from 'poc-kit';
import {
  type ClientSkt,
  type ListenerSkt,
  SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  wouldBlock,
} from 'tofu-sockets';
import { collectAndRefill } from './collect.js';
import { type Entry, type Found, PinnedRegistry } from './pinned-registry.js';

/** The names of this stage. */
export const stage4 = {
  name: 'stage 4 pinned',
  claim:
    'each packet finds its own socket, however the table of sockets moves: ' +
    'its ApcContext is the number of a block with a generation',
} as const;

/** Options of the stage. */
export interface Stage4Options extends StageOptions {
  /**
   * The number of sockets in the end, 100 to 10,000; default: 1,000, and 5,000 in a thorough run.
   */
  readonly sockets?: number;
}

const grown = 'the table grew';

/** The numbers of tofu's specifications. */
const clientCount = 5;
const messagesEach = 10;
/**
 * How many sockets without a client receive a datagram in each round, and how many are removed.
 */
const datagramsPerRound = 16;
const removalsPerRound = 50;

function requireSockets(sockets: number): number {
  if (Number.isSafeInteger(sockets) && sockets >= 100 && sockets <= 10_000) return sockets;
  throw new RangeError(
    `The number of sockets must be a whole number from 100 to 10,000, got ${sockets}.`,
  );
}

/** Tests a condition every millisecond, for things that post no packet. */
function until(isTrue: () => boolean, limitMs: number, what: string): void {
  const bell = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = new Deadline(limitMs); !isTrue(); Atomics.wait(bell, 0, 0, 1)) {
    if (deadline.isOver) throw new Error(`Timed out after ${limitMs} ms, before ${what}.`);
  }
}

/**
 * Ten rounds. In each round the five clients send a message, and the packets of these polls stay
 * on the port at first. Meanwhile everything moves that can move: sockets are removed by swap and
 * closed while their polls are pending, new sockets get their handle values, the table doubles,
 * garbage is collected and free memory is overwritten. Then the packets are removed from the port,
 * and each must lead to the socket that has its message.
 */
export class Stage4Pinned {
  protected readonly proof: Proof;
  readonly #limitMs: number;
  readonly #sockets: number;
  readonly #isThorough: boolean;
  readonly #blocksBefore = nativeMemory().blocks;
  readonly #creator = new SocketCreator();
  readonly #clients: { readonly entry: Entry; readonly skt: ClientSkt }[] = [];
  readonly #buffer = Buffer.alloc(256);
  #listener: ListenerSkt | undefined;
  #registry: PinnedRegistry | undefined;
  /** The sockets that have to receive a message, and the message. */
  readonly #expected = new Map<Entry, string>();
  /** Sockets that were removed while a poll was pending. */
  readonly #removed = new Set<Entry>();
  readonly #counts = {
    messages: new Map<Entry, number>(),
    datagramsSent: 0,
    datagrams: 0,
    removed: 0,
    closed: 0,
    reusedHandles: 0,
    posted: 0,
    /** Packets that led to the wrong socket, and packets that led to none. */
    another: 0,
    none: 0,
    /** Posted packets of an earlier loan that led to a socket. */
    stale: 0,
  };
  #isClosed = false;

  /** @throws {RangeError} for a number of sockets that is out of range. */
  constructor(options: Stage4Options = {}) {
    this.#isThorough = options.isThorough ?? false;
    this.#sockets = requireSockets(options.sockets ?? (this.#isThorough ? 5_000 : 1_000));
    this.#limitMs = options.waitLimitMs ?? 30_000;
    this.proof = new Proof(stage4.name, stage4.claim, options.print ?? printLine);
  }

  /** Runs the stage to its verdict. Blocks this thread. */
  run(): Verdict {
    if (this.#isClosed) throw new Error('This stage is closed: construct another one.');
    return this.proof.conclude(() => {
      if (this.#isThorough) this.proof.ask({ [grown]: 'from 5 to 5,000 sockets' });
      const registry = this.createRegistry();
      this.#registry = registry;
      this.#connectClients(registry);
      for (let round = 1; round <= messagesEach && !this.#isWrong; round += 1) {
        this.#round(registry, round);
      }
      this.#judge(registry);
    });
  }

  /** Creates the registry that the stage checks. */
  protected createRegistry(): PinnedRegistry {
    return new PinnedRegistry();
  }

  #connectClients(registry: PinnedRegistry): void {
    const listener = this.#creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
    this.#listener = listener;
    const { host, port } = listener.localEndpoint();
    for (let number = 1; number <= clientCount; number += 1) {
      const skt = this.#creator.fromAddress(new TCPClientAddress(host, port));
      skt.connect();
      let accepted = listener.accept();
      const isThere = () => {
        if (accepted === wouldBlock) accepted = listener.accept();
        return accepted !== wouldBlock;
      };
      until(isThere, this.#limitMs, `client ${number} was accepted`);
      if (accepted === wouldBlock) return;
      const entry = registry.add(`client ${number}`, accepted);
      this.#clients.push({ entry, skt });
      this.#counts.messages.set(entry, 0);
    }
  }

  #round(registry: PinnedRegistry, round: number): void {
    const { proof } = this;
    const entries = this.#clients.map(({ entry }) => entry);
    // The first packets on the port have the ApcContexts of earlier polls in the same blocks that
    // the clients' polls use.
    const posted = round === 1 ? 0 : this.postEarlier(registry, entries);
    for (const { entry, skt } of this.#clients) {
      const message = `${entry.name}, message ${round}`;
      this.#expected.set(entry, message);
      skt.send(Buffer.from(message));
    }
    const areComplete = () => entries.every((entry) => registry.isComplete(entry));
    until(areComplete, this.#limitMs, `the polls of all clients were complete in round ${round}`);

    const sizeBefore = registry.size;
    const handles = this.#remove(registry);
    this.#grow(registry, Math.min(this.#sockets, clientCount * 2 ** round), handles);
    collectAndRefill();
    this.#sendDatagrams(registry, round);
    this.#counts.posted += posted;
    this.#takeAll(registry, round, posted);
    proof.note(
      `round ${round}: ${sizeBefore} sockets, ${handles.size} removed, ${registry.size} now`,
    );
  }

  /** Posts a packet for the previous poll of each socket. @returns how many. */
  protected postEarlier(registry: PinnedRegistry, entries: readonly Entry[]): number {
    for (const entry of entries) registry.postEarlier(entry);
    return entries.length;
  }

  /** Removes sockets by swap. @returns the handle values that are free then. */
  #remove(registry: PinnedRegistry): Set<number> {
    const count = Math.min(removalsPerRound, Math.floor((registry.size - clientCount) / 2));
    const handles = new Set<number>();
    for (let place = 0; place < count; place += 1) {
      const entry = registry.at(clientCount + place);
      this.#removed.add(entry);
      handles.add(entry.base);
      registry.remove(entry);
    }
    this.#counts.removed += count;
    return handles;
  }

  /** Adds sockets until the table has this many. */
  #grow(registry: PinnedRegistry, size: number, freeHandles: ReadonlySet<number>): void {
    while (registry.size < size) {
      const skt = this.#creator.fromAddress(new UDPAddress('127.0.0.1', 0));
      const entry = registry.add(`port ${skt.localEndpoint().port}`, skt);
      if (freeHandles.has(entry.base)) this.#counts.reusedHandles += 1;
    }
  }

  /** Sends datagrams to sockets in all parts of the table, also to those that a swap moved. */
  #sendDatagrams(registry: PinnedRegistry, round: number): void {
    const others = registry.size - clientCount;
    const count = Math.min(datagramsPerRound, others);
    for (let index = 0; index < count; index += 1) {
      const entry = registry.at(clientCount + Math.floor((index * others) / count));
      const { skt } = entry;
      if (skt.kind !== 'datagram') throw new Error(`${entry.name} is not a UDP socket.`);
      const message = `${entry.name}, message ${round}`;
      this.#expected.set(entry, message);
      skt.sendTo(Buffer.from(message), skt.localEndpoint());
      this.#counts.datagramsSent += 1;
    }
  }

  /**
   * Removes packets until no message is expected any more, a packet was wrong, or the time is
   * over.
   */
  #takeAll(registry: PinnedRegistry, round: number, posted: number): void {
    const deadline = new Deadline(this.#limitMs);
    let earlier = posted;
    while ((this.#expected.size > 0 || this.#removed.size > 0) && !this.#isWrong) {
      if (deadline.isOver) {
        this.proof.note(`round ${round}: ${this.#expected.size} messages did not arrive`);
        return;
      }
      for (const found of registry.take(100)) {
        if (earlier > 0) {
          // These packets were posted first, and a port is first in, first out.
          earlier -= 1;
          if (found.entry !== undefined) this.#counts.stale += 1;
        } else this.#settle(registry, found);
      }
    }
  }

  /** Compares the message that was sent with what the socket that a packet led to has received. */
  #settle(registry: PinnedRegistry, { entry, events }: Found): void {
    const counts = this.#counts;
    if (entry === undefined) {
      counts.none += 1;
    } else if (events === undefined) {
      counts.another += 1;
    } else if (this.#removed.delete(entry)) {
      if (events === AFD_POLL_LOCAL_CLOSE) counts.closed += 1;
      else counts.another += 1;
    } else if (events === AFD_POLL_RECEIVE && this.#read(entry) === this.#expected.get(entry)) {
      const messages = counts.messages.get(entry);
      if (messages === undefined) counts.datagrams += 1;
      else counts.messages.set(entry, messages + 1);
      this.#expected.delete(entry);
      registry.arm(entry);
    } else counts.another += 1;
  }

  /** Receives a socket's message. Without a message it returns a text that says so. */
  #read({ skt }: Entry): string {
    const buffer = this.#buffer;
    const received = skt.kind === 'datagram' ? skt.recvFrom(buffer) : skt.recv(buffer);
    if (received === wouldBlock) return 'no message';
    const byteLength = typeof received === 'number' ? received : received.byteLength;
    return buffer.toString('utf8', 0, byteLength);
  }

  get #isWrong(): boolean {
    const { another, none, stale } = this.#counts;
    return another + none + stale > 0;
  }

  #judge(registry: PinnedRegistry): void {
    const { proof } = this;
    const counts = this.#counts;
    proof.expect('packets of an earlier loan that found a socket', counts.stale, 0);
    proof.expect('packets that found another socket', counts.another, 0);
    proof.expect('packets that found no socket', counts.none, 0);
    const messages = [...counts.messages.values()].join(' ');
    proof.expect('messages received, by client', messages, '10 10 10 10 10');
    proof.expect('datagrams received by their own socket', counts.datagrams, counts.datagramsSent);
    proof.expect('sockets removed with a poll pending', counts.closed, counts.removed);
    const isReused = counts.reusedHandles > 0 ? 'yes' : 'no';
    proof.note(`${counts.reusedHandles} handle values were used again`);
    proof.expect('handle values used again', isReused, 'yes', 'with the old packet on the port');
    proof.expect('packets of an earlier loan posted', counts.posted, 45, '9 rounds of 5');
    proof.expect('sockets in the table', registry.size, this.#sockets);
    if (this.#isThorough) {
      const size = registry.size;
      proof.figure(grown, `from ${clientCount} to ${size} sockets`, size === 5_000);
    }
    this.#closeAll();
    const left = nativeMemory().blocks - this.#blocksBefore;
    proof.expect('after close, native blocks left', left, 0);
  }

  /**
   * Ends the polls and closes every socket. Idempotent.
   *
   * @throws {Error} if polls do not complete in time.
   */
  close(): void {
    this.#isClosed = true;
    this.#closeAll();
  }

  #closeAll(): void {
    const registry = this.#registry;
    this.#registry = undefined;
    runAll([
      () => registry?.close(),
      ...this.#clients.splice(0).map(
        ({ skt }) =>
          () =>
            skt.close(),
      ),
      () => this.#listener?.close(),
    ]);
  }
}

/** Constructs, runs and closes the stage. @throws {RangeError} as the constructor. */
export function runTest(options: Stage4Options = {}): Verdict {
  return runStage(new Stage4Pinned(options));
}
