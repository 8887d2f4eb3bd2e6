import type { Kernel } from 'ntdllx';
import type {
  Connection,
  ListenOptions,
  Reactor,
  ReactorMode,
  ReactorOptions,
  Server,
} from 'tofu-reactor';
import {
  type AcceptedSkt,
  type ClientSkt,
  clientAddressOf,
  type SktEndpoint,
  wouldBlock,
} from 'tofu-sockets';
import { createSocketCreator, temporaryUDSPathOn } from 'tofu-sockets/internal';
import { expect } from 'vitest';

/**
 * The kind of a suite's sockets: IP sockets with an address and a port, or AF_UNIX sockets with
 * the path of a file.
 */
export type Over = 'IP' | 'AF_UNIX';

/** The host of a suite: the real kernel or a simulated one, with one mode of the reactor. */
export interface TestHost {
  readonly mode: ReactorMode;
  readonly over: Over;
  readonly kernel: Kernel;
  /** True if the time is simulated. */
  readonly isSimulated: boolean;
  createReactor(options: ReactorOptions): Reactor;
  /** Called at the end of each case. Checks that nothing is left. */
  verify(): void;
}

const limitMs = 10_000;
const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Reactors and raw sockets for one case. They are closed at its end, even if it fails. */
export class Fixture {
  readonly host: TestHost;
  readonly #reactors: Reactor[] = [];
  readonly #skts: (ClientSkt | AcceptedSkt)[] = [];
  #isOver = false;

  constructor(host: TestHost) {
    this.host = host;
  }

  reactor(options: ReactorOptions = {}): Reactor {
    const reactor = this.host.createReactor({ mode: this.host.mode, ...options });
    this.#reactors.push(reactor);
    if (reactor.mode === 'blocking') void this.#turn(reactor);
    return reactor;
  }

  /** Creates a server on a free port or path. */
  listen(
    reactor: Reactor,
    onConnection?: (connection: Connection) => unknown,
    options?: ListenOptions,
  ): Promise<Server> {
    const { over, kernel } = this.host;
    const address = over === 'IP' ? { port: 0 } : { path: temporaryUDSPathOn(kernel) };
    return reactor.listen(address, onConnection, options);
  }

  /** Creates a server that echoes. A connection ends when its client ends. */
  echo(reactor: Reactor, options?: ListenOptions): Promise<Server> {
    return this.listen(reactor, echo, options);
  }

  /** Creates a connected client that does not belong to a reactor. */
  async raw({ endpoint }: { readonly endpoint: SktEndpoint }): Promise<ClientSkt> {
    const skt = createSocketCreator(this.host.kernel).fromAddress(clientAddressOf(endpoint));
    this.#skts.push(skt);
    if (skt.connect() === wouldBlock) await this.until(() => skt.finishConnect() === true);
    return skt;
  }

  /** Waits until a condition holds. The time limit only ends a failing case. */
  async until(holds: () => boolean, what = String(holds)): Promise<void> {
    const end = performance.now() + limitMs;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`After ${limitMs} ms still false: ${what}`);
      await pause();
    }
  }

  /** Waits until everything on the way has arrived. */
  async settle(): Promise<void> {
    for (let round = 0; round < 40; round += 1) await pause();
    if (!this.host.isSimulated) await new Promise((resolve) => setTimeout(resolve, 30));
  }

  async close(): Promise<void> {
    for (const skt of this.#skts.splice(0)) skt.close();
    for (const reactor of this.#reactors) {
      await reactor.close();
      expect(reactor.inspect()).toMatchObject({
        connections: 0,
        servers: 0,
        refs: 0,
        bufferedBytes: 0,
      });
    }
    this.#isOver = true;
    await pause();
    this.host.verify();
  }

  /** Runs the reactor like `run`, but also while none of its members keeps the process alive. */
  async #turn(reactor: Reactor): Promise<void> {
    while (!this.#isOver && reactor.isOpen) {
      reactor.turn(this.host.isSimulated ? 1 : 2);
      await pause();
    }
  }
}

const buffer = Buffer.alloc(65_536);

/** Echoes what a connection sends. */
export function echo(connection: Connection): void {
  connection.onReadable = () => {
    for (;;) {
      const count = connection.readInto(buffer);
      if (count === wouldBlock || count === 0) return;
      if (connection.write(buffer.subarray(0, count))) continue;
      // Stops reading until the bytes are sent.
      const run = connection.onReadable;
      connection.onReadable = undefined;
      connection.onDrain = () => {
        connection.onReadable = run;
      };
      return;
    }
  };
}

/**
 * Receives all available bytes of a raw socket. Stops at would-block and at the end of the stream.
 */
export function drain(skt: ClientSkt): void {
  for (let count = skt.recv(buffer); count !== wouldBlock && count > 0; ) count = skt.recv(buffer);
}

/** Reads until this many bytes were received, or the stream has ended. */
export async function readBytes(connection: Connection, byteLength: number): Promise<Buffer> {
  const into = Buffer.alloc(byteLength);
  let length = 0;
  while (length < byteLength) {
    const count = await connection.read(into.subarray(length));
    if (count === 0) break;
    length += count;
  }
  return into.subarray(0, length);
}

/** Reads until the end of the stream. */
export async function readAll(connection: Connection): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (;;) {
    const piece = Buffer.alloc(65_536);
    const count = await connection.read(piece);
    if (count === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, count));
  }
}

/** One case: its id, its claim, and the function that tests it. */
export interface Case {
  readonly name: string;
  readonly run: (fixture: Fixture) => Promise<void>;
  /** Set if the case applies to only one kind of sockets. */
  readonly only?: Over;
}

/** Collects the cases of one file. */
export class Cases {
  readonly list: Case[] = [];

  test(name: string, run: Case['run']): void {
    this.list.push({ name, run });
  }

  /** Adds a case about hosts and ports. */
  onIP(name: string, run: Case['run']): void {
    this.list.push({ name, run, only: 'IP' });
  }
}
