import { type AfdPoller, type PollEvents, type PollerOptions, Readiness } from 'afd-poller';
import { type KernelOptions, verifyPoller } from 'afd-poller/internal';
import type { Kernel } from 'ntdllx';
import { eventuallySync, expectAs, type KernelName, type Observed, type RowName } from 'test-kit';
import {
  type AcceptedSkt,
  type ClientSkt,
  clientAddressOf,
  type DatagramSkt,
  type Endpoint,
  type ListenerSkt,
  type Skt,
  type SocketCreator,
  type StreamSkt,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { createSocketCreator, temporaryUDSPathOn } from 'tofu-sockets/internal';
import { expect } from 'vitest';
import { type PresetName, pollerOf } from './pollers.js';

/**
 * The kind of a suite's sockets: IP sockets with an address and a port, or AF_UNIX sockets with
 * the path of a file.
 */
export type Over = 'IP' | 'AF_UNIX';

/** The host of a suite: the real kernel, or a simulated one. */
export interface Host {
  readonly name: string;
  /** The kernel whose expectations from the table of `test-kit` apply to this host. */
  readonly expected: KernelName;
  readonly over: Over;
  readonly kernel: Kernel;
  /** A monotonic clock, in milliseconds. */
  now(): number;
  /** Lets time pass, so that data on the way between sockets arrive. */
  sleep(ms: number): void;
  /** Called at the end of each case. Checks that nothing is left. */
  verify(): void;
}

const limitMs = 5_000;

/** Sockets and pollers for one case. They are closed at its end, even if it fails. */
export class Fixture {
  readonly host: Host;
  readonly preset: PresetName;
  readonly creator: SocketCreator;
  readonly #pollers: AfdPoller<string>[] = [];
  readonly #skts: Skt[] = [];

  constructor(host: Host, preset: PresetName) {
    this.host = host;
    this.preset = preset;
    this.creator = createSocketCreator(host.kernel);
  }

  /** Compares observations with rows of the table, for the kernel whose expectations apply. */
  expectRows(observed: Partial<Readonly<Record<RowName, Observed>>>): void {
    expectAs(observed, this.host.expected);
  }

  poller(options: PollerOptions & KernelOptions = {}): AfdPoller<string> {
    const { kernel, now } = this.host;
    const defaults = { allowMainThread: true, kernel, now };
    const poller = pollerOf<string>(this.preset, { ...defaults, ...options });
    this.#pollers.push(poller);
    return poller;
  }

  keep<T extends Skt>(skt: T): T {
    this.#skts.push(skt);
    return skt;
  }

  /** Creates a listener of the suite's kind of sockets. */
  listener(): ListenerSkt {
    if (this.host.over === 'IP') return this.listenerOn('127.0.0.1');
    return this.keep(this.creator.fromAddress(new UDSServerAddress(this.path())));
  }

  /** Creates a listener on a free port. */
  listenerOn(address: string): ListenerSkt<Endpoint> {
    return this.keep(this.creator.fromAddress(new TCPServerAddress(address, 0)));
  }

  /** A path at which no file exists. */
  path(): string {
    return temporaryUDSPathOn(this.host.kernel);
  }

  /** Creates a client for a listener. It is not connected yet. */
  clientOf(listener: ListenerSkt): ClientSkt {
    return this.keep(this.creator.fromAddress(clientAddressOf(listener.localEndpoint())));
  }

  /** An address with a port on which no socket listens. */
  refusingAddress(): TCPClientAddress {
    const listener = this.creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
    const { host, port } = listener.localEndpoint();
    listener.close();
    return new TCPClientAddress(host, port);
  }

  udp(): DatagramSkt {
    return this.keep(this.creator.fromAddress(new UDPAddress('127.0.0.1', 0)));
  }

  /** Creates a connected pair. */
  pair(): { client: ClientSkt; server: AcceptedSkt } {
    const listener = this.listener();
    const client = this.clientOf(listener);
    client.connect();
    const server = this.accept(listener);
    this.until(() => client.finishConnect());
    listener.close();
    return { client, server };
  }

  accept(listener: ListenerSkt): AcceptedSkt {
    return this.keep(this.until(() => listener.accept()));
  }

  /**
   * Closes a socket so that the peer sees a reset. Over AF_UNIX a close with unread data causes a
   * reset (measured on Wine 11); the effect of l_linger was never measured there.
   */
  reset(skt: StreamSkt, peer: StreamSkt): void {
    if (this.host.over === 'IP') skt.abortOnClose();
    else {
      peer.send(Buffer.from('unread'));
      this.until(() => skt.recv(Buffer.alloc(1), { peek: true }));
    }
    skt.close();
  }

  /** Repeats a call until its result is not would-block. */
  until<T>(ask: () => T): Exclude<T, symbol> {
    return eventuallySync(ask, () => this.host.sleep(2), limitMs / 2);
  }

  /** Receives this many bytes, in pieces of any size. No further byte may be available. */
  receive(skt: StreamSkt, byteLength: number): void {
    const buffer = Buffer.alloc(byteLength + 1);
    let received = 0;
    while (received < byteLength) {
      const count = this.until(() => skt.recv(buffer));
      expect(count).toBeGreaterThan(0);
      received += count;
    }
    expect(received).toBe(byteLength);
    expect(skt.recv(buffer)).toBe(wouldBlock);
  }

  /** Receives all available bytes. Stops at would-block and at the end of the stream. */
  drain(skt: StreamSkt): number {
    const buffer = Buffer.alloc(65_536);
    for (let total = 0; ; ) {
      const count = skt.recv(buffer);
      if (count === wouldBlock || count === 0) return total;
      total += count;
    }
  }

  /**
   * Sends until the system takes no more, even after a pause, because a busy host fills its
   * buffers slowly.
   */
  fill(skt: StreamSkt): number {
    const bytes = Buffer.alloc(65_536, 0x5a);
    let total = 0;
    for (let refusals = 0; refusals < 5; ) {
      const count = skt.send(bytes);
      refusals = count === wouldBlock ? refusals + 1 : 0;
      if (count === wouldBlock) this.host.sleep(5);
      else total += count;
    }
    return total;
  }

  /**
   * Sends until a poller with the interest `writable` reports nothing. The buffers may grow while
   * they are filled.
   */
  fillUntilSilent(poller: AfdPoller<string>, skt: ClientSkt | AcceptedSkt): number {
    let total = 0;
    for (let round = 0; round < 20; round += 1) {
      total += this.fill(skt);
      if (this.next(poller, 60).length === 0) return total;
    }
    throw new Error('reported writable again and again');
  }

  /** The next events as text; an empty list if none arrives in time. */
  next(poller: AfdPoller<string>, timeoutMs = limitMs, events?: PollEvents<string>): string[] {
    return inWords(poller.wait(timeoutMs, events));
  }

  /** Checks that no event arrives for some time. */
  expectSilence(poller: AfdPoller<string>, ms = 30): void {
    expect(this.next(poller, ms)).toEqual([]);
  }

  /** Checks that the next events of the poller are these, and no others. */
  expectNext(poller: AfdPoller<string>, ...expected: string[]): void {
    expect(this.next(poller).sort()).toEqual(expected.sort());
  }

  close(): void {
    for (const poller of this.#pollers.splice(0)) {
      verifyPoller(poller);
      poller.close();
      const { pending, blocks } = poller.inspect();
      expect({ pending, kernelOwned: blocks.kernelOwned }).toEqual({ pending: 0, kernelOwned: 0 });
    }
    for (const skt of this.#skts.splice(0)) skt.close();
    this.host.verify();
  }
}

const words = Object.entries(Readiness);

/**
 * Events as text: the token and the names of the readiness bits, in the order of {@link
 * Readiness}. Wakes and posts are shown with their values.
 */
export function inWords(events: PollEvents<string>): string[] {
  return [...events].map((event) => {
    if (event.kind === 'wake') return `wake ${event.value}`;
    if (event.kind === 'post') return `post ${event.type} ${event.value}`;
    const names = words.filter(([, bit]) => (event.bits & bit) !== 0).map(([name]) => name);
    return [event.token, ...names].join(' ');
  });
}

/** One case: its id, its claim, and the function that tests it. */
export interface Case {
  readonly name: string;
  readonly run: (fixture: Fixture) => void;
  /** Set if the case applies to only one kind of sockets. */
  readonly only?: Over;
}

/** Collects the cases of one file. */
export class Cases {
  readonly list: Case[] = [];

  test(name: string, run: Case['run']): void {
    this.list.push({ name, run });
  }

  /**
   * Adds a case about ports, datagrams or urgent bytes, or about something that was not measured
   * for AF_UNIX.
   */
  onIP(name: string, run: Case['run']): void {
    this.list.push({ name, run, only: 'IP' });
  }

  /** Adds a case about paths. */
  onUnix(name: string, run: Case['run']): void {
    this.list.push({ name, run, only: 'AF_UNIX' });
  }
}
