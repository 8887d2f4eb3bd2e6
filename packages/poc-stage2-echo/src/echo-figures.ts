import { Deadline, type Proof, perSecond, runAll } from 'poc-kit';
import {
  type ClientSkt,
  clientAddressOf,
  type SktEndpoint,
  SocketCreator,
  wouldBlock,
} from 'tofu-sockets';
import { chunkBytes } from './echo-connection.js';
import type { EchoServer } from './echo-server.js';

const message = Buffer.from('Tofu Engine');
const rearms = 100;
const wholeBytes = 2 ** 20;
const wholeClients = 4;
/**
 * The value of the byte at an offset of the stream. Its period does not divide the size of any
 * buffer.
 */
const byteAt = (place: number) => place % 251;

const stale = '100 re-arms';
const whole = '1 MiB over each of 4 connections';
const vanished = 'a peer that vanishes among them';
const slow = 'a peer that does not read for a time';
const partial = 'partial sends';
const rate = 'echoes';

/** What tofu's specifications require of an echo server. */
export const echoFigures = {
  [stale]: '100 packets, none stale',
  [whole]: 'every byte back, in order',
  [vanished]: '1 connection broken, no other',
  [slow]: `every byte back, at most ${chunkBytes} bytes kept`,
  [partial]: '1 or more',
  [rate]: 'the rate over 5 s, reported',
};

/**
 * A client in this thread, which never blocks. Each of its bytes depends on its offset in the
 * stream.
 */
class Client {
  readonly skt: ClientSkt;
  sent = 0;
  received = 0;
  inOrder = 0;
  readonly #buffer = new Uint8Array(65_536);

  constructor(server: EchoServer<SktEndpoint>) {
    this.skt = new SocketCreator().fromAddress(clientAddressOf(server.endpoint));
    this.skt.connect();
  }

  get isWhole(): boolean {
    return this.inOrder === this.sent;
  }

  /**
   * Sends until this many bytes are sent in total.
   *
   * @returns false if the kernel takes no more now.
   */
  send(byteLength: number): boolean {
    while (this.sent < byteLength) {
      const count = Math.min(this.#buffer.byteLength, byteLength - this.sent);
      for (let index = 0; index < count; index += 1)
        this.#buffer[index] = byteAt(this.sent + index);
      const sent = this.skt.send(this.#buffer.subarray(0, count));
      if (sent === wouldBlock) return false;
      this.sent += sent;
    }
    return true;
  }

  /** Receives the available bytes. */
  receive(): void {
    for (;;) {
      const count = this.skt.recv(this.#buffer);
      if (count === wouldBlock || count === 0) return;
      this.received += count;
      for (let index = 0; index < count; index += 1) {
        if (this.#buffer[index] === byteAt(this.inOrder)) this.inOrder += 1;
      }
    }
  }
}

/** Runs the server's turns and the clients' steps alternately in this thread. */
class EchoBench {
  readonly server: EchoServer<SktEndpoint>;
  readonly #clients: Client[] = [];
  /**
   * The most bytes that the server kept unsent, and the number of turns after which it kept any.
   */
  mostKept = 0;
  turnsWithRest = 0;

  readonly #limitMs: number;

  constructor(server: EchoServer<SktEndpoint>, limitMs: number) {
    this.server = server;
    this.#limitMs = limitMs;
  }

  connect(): Client {
    const { server } = this;
    const client = new Client(server);
    this.#clients.push(client);
    const wanted = server.counts.accepted + 1;
    this.until('a client was accepted', () => server.counts.accepted === wanted);
    const isConnected = () => client.skt.finishConnect() === true;
    this.until('a client was connected', isConnected);
    return client;
  }

  /**
   * Performs turns of the server until a condition holds.
   *
   * @throws {Error} when the time is over before.
   */
  until(what: string, isTrue: () => boolean): void {
    for (const deadline = new Deadline(this.#limitMs); !isTrue(); ) {
      if (deadline.isOver) throw new Error(`Timed out after ${this.#limitMs} ms, before ${what}.`);
      this.server.turn(1);
      const kept = this.server.unsentBytes;
      if (kept > 0) this.turnsWithRest += 1;
      this.mostKept = Math.max(this.mostKept, kept);
    }
  }

  close(): void {
    runAll([
      () => this.server.close(),
      ...this.#clients.map(
        ({ skt }) =>
          () =>
            skt.close(),
      ),
    ]);
  }
}

/** Sends one message and receives its echo. */
function echoOnce(bench: EchoBench, { skt }: Client): void {
  skt.send(message);
  const buffer = Buffer.alloc(message.byteLength);
  let received = 0;
  bench.until('an echo was received', () => {
    const count = skt.recv(buffer.subarray(received));
    if (count !== wouldBlock) received += count;
    return received === buffer.byteLength;
  });
  if (!buffer.equals(message))
    throw new Error(`The echo is "${buffer}", but "${message}" was sent.`);
}

function countRearms(proof: Proof, bench: EchoBench): void {
  const client = bench.connect();
  const before = { ...bench.server.counts };
  for (let count = 0; count < rearms; count += 1) echoOnce(bench, client);
  const { counts } = bench.server;
  const packets = counts.packets - before.packets;
  const polls = counts.polls - before.polls;
  const isReached = packets === rearms && polls === rearms && counts.unknown === 0;
  proof.figure(stale, `${polls} polls, ${packets} packets, ${counts.unknown} stale`, isReached);
}

function moveBytes(proof: Proof, bench: EchoBench): void {
  const { server } = bench;
  const clients = Array.from({ length: wholeClients }, () => bench.connect());
  const [vanishing, lazy] = [bench.connect(), bench.connect()];
  const before = { ...server.counts };
  const { open } = server;
  vanishing.send(chunkBytes);
  let hasVanished = false;
  bench.until('four clients had received a megabyte', () => {
    for (const client of clients) {
      client.send(wholeBytes);
      client.receive();
    }
    if (!hasVanished && clients.some(({ received }) => received > wholeBytes / 4)) {
      vanishing.skt.abortOnClose();
      vanishing.skt.close();
      hasVanished = true;
    }
    return hasVanished && clients.every(({ received }) => received >= wholeBytes);
  });
  bench.until(
    'the server closed the connection of the client that vanished',
    () => server.open < open,
  );
  const bytes = clients.map(({ inOrder }) => inOrder).join(', ');
  const areWhole = clients.every(({ inOrder }) => inOrder === wholeBytes);
  proof.figure(whole, `${bytes} bytes in order`, areWhole);
  const gone = server.counts.broken + server.counts.ended - before.broken - before.ended;
  proof.figure(vanished, `${gone} connection broken, ${server.open} open`, gone === 1);

  // From here on all bytes that the server keeps belong to this client.
  bench.mostKept = 0;
  // The client sends until all buffers are full: its own in the kernel, the server's in the
  // kernel, and that of the server itself.
  bench.until('a client that does not read could send no more', () => {
    return !lazy.send(Number.MAX_SAFE_INTEGER) && server.unsentBytes > 0;
  });
  bench.until('the client that did not read had received every byte', () => {
    lazy.receive();
    return lazy.received === lazy.sent;
  });
  const kept = `at most ${bench.mostKept} kept`;
  const isBounded = lazy.isWhole && bench.mostKept <= chunkBytes;
  proof.figure(slow, `${lazy.inOrder} of ${lazy.sent} bytes back, ${kept}`, isBounded);
  const rests = bench.turnsWithRest;
  proof.figure(partial, `${rests} turns that left bytes unsent`, rests > 0);
}

/**
 * Measures the figures of {@link echoFigures}. Blocks for some seconds.
 *
 * @param limitMs how long each step may take.
 */
export function takeEchoFigures(
  proof: Proof,
  newServer: () => EchoServer<SktEndpoint>,
  limitMs: number,
): void {
  const bench = new EchoBench(newServer(), limitMs);
  try {
    countRearms(proof, bench);
    moveBytes(proof, bench);
    const client = bench.connect();
    const once = () => {
      echoOnce(bench, client);
      return 1;
    };
    proof.figure(rate, perSecond(once), true);
  } finally {
    bench.close();
  }
}
