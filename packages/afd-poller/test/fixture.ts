import { type AfdPoller, type PollEvents, type PollerOptions, Readiness } from 'afd-poller';
import { type PollerSeams, verifyPoller } from 'afd-poller/internal';
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

/** What the sockets of a suite are named by: an address and a port, or the path of a file (AF_UNIX). */
export type Over = 'IP' | 'AF_UNIX';

/** What a suite runs on: the real kernel, or a simulated one. */
export interface Host {
  readonly name: string;
  /** Whose expectations hold where hosts differ, in the table of `test-kit`. */
  readonly expected: KernelName;
  readonly over: Over;
  readonly kernel: Kernel;
  /** A clock that never goes back. */
  now(): number;
  /** Lets time pass, and with it what is under way between sockets. */
  sleep(ms: number): void;
  /** Called at the end of each case: nothing may be left. */
  verify(): void;
}

const limitMs = 5_000;

/** The stage of one case: sockets and pollers that are closed at its end, whatever happens. */
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

  /** Holds what was seen against rows of the table, for the kernel whose expectations hold. */
  expectRows(observed: Partial<Readonly<Record<RowName, Observed>>>): void {
    expectAs(observed, this.host.expected);
  }

  poller(options: PollerOptions & PollerSeams = {}): AfdPoller<string> {
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

  /** A listener of whatever the suite is over. */
  listener(): ListenerSkt {
    if (this.host.over === 'IP') return this.listenerOn('127.0.0.1');
    return this.keep(this.creator.fromAddress(new UDSServerAddress(this.path())));
  }

  /** A listener on a free port. */
  listenerOn(address: string): ListenerSkt<Endpoint> {
    return this.keep(this.creator.fromAddress(new TCPServerAddress(address, 0)));
  }

  /** A path at which nothing is. */
  path(): string {
    return temporaryUDSPathOn(this.host.kernel);
  }

  /** A client of that listener, not connected yet. */
  clientOf(listener: ListenerSkt): ClientSkt {
    return this.keep(this.creator.fromAddress(clientAddressOf(listener.localEndpoint())));
  }

  /** A port without a listener. */
  refusingAddress(): TCPClientAddress {
    const listener = this.creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
    const { host, port } = listener.localEndpoint();
    listener.close();
    return new TCPClientAddress(host, port);
  }

  udp(): DatagramSkt {
    return this.keep(this.creator.fromAddress(new UDPAddress('127.0.0.1', 0)));
  }

  /** A connected pair. */
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
   * Closes hard: the peer sees a reset. Over AF_UNIX a close with unread data is one (measured on Wine 11);
   * what l_linger does there was never seen.
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

  /** Receives so many bytes, in as many pieces as they come in; none may be left. */
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

  /** Receives what there is; stops at would-block and at the end. */
  drain(skt: StreamSkt): number {
    const buffer = Buffer.alloc(65_536);
    for (let total = 0; ; ) {
      const count = skt.recv(buffer);
      if (count === wouldBlock || count === 0) return total;
      total += count;
    }
  }

  /** Sends until no more is taken, also not after a while: a busy host is slow to fill up. */
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

  /** Fills until a poller that asks for sending is silent: buffers may grow while they are filled. */
  fillUntilSilent(poller: AfdPoller<string>, skt: ClientSkt | AcceptedSkt): number {
    let total = 0;
    for (let round = 0; round < 20; round += 1) {
      total += this.fill(skt);
      if (this.next(poller, 60).length === 0) return total;
    }
    throw new Error('reported writable again and again');
  }

  /** The next events, in words; an empty list when nothing comes in time. */
  next(poller: AfdPoller<string>, timeoutMs = limitMs, events?: PollEvents<string>): string[] {
    return inWords(poller.wait(timeoutMs, events));
  }

  /** Expects no event for a while. */
  expectSilence(poller: AfdPoller<string>, ms = 30): void {
    expect(this.next(poller, ms)).toEqual([]);
  }

  /** Waits until the poller reports this, and nothing else before it. */
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

/** Events as "token what what", in the order of {@link Readiness}; wakes and posts with their values. */
export function inWords(events: PollEvents<string>): string[] {
  return [...events].map((event) => {
    if (event.kind === 'wake') return `wake ${event.value}`;
    if (event.kind === 'post') return `post ${event.type} ${event.value}`;
    const said = words.filter(([, bit]) => (event.bits & bit) !== 0).map(([name]) => name);
    return [event.token, ...said].join(' ');
  });
}

/** One case: its id and claim, and what shows it. */
export interface Case {
  readonly name: string;
  readonly run: (fixture: Fixture) => void;
  /** Set where it is about sockets of one kind alone. */
  readonly only?: Over;
}

/** Collects the cases of one file. */
export class Cases {
  readonly list: Case[] = [];

  test(name: string, run: Case['run']): void {
    this.list.push({ name, run });
  }

  /** A case about ports, datagrams, urgent bytes, or what AF_UNIX was not measured for. */
  onIP(name: string, run: Case['run']): void {
    this.list.push({ name, run, only: 'IP' });
  }

  /** A case about paths. */
  onUnix(name: string, run: Case['run']): void {
    this.list.push({ name, run, only: 'AF_UNIX' });
  }
}
