import { type Interest, PollerError } from 'afd-poller';
import { createRemote, verifyPoller } from 'afd-poller/internal';
import {
  type Kernel,
  type NTSTATUS,
  STATUS_ACCESS_DENIED,
  STATUS_CANCELLED,
  STATUS_INSUFFICIENT_RESOURCES,
} from 'ntdllx';
import { createSimNt } from 'sim-nt';
import { type DatagramSkt, UDPAddress } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { expect, test } from 'vitest';
import { type PresetName, pollerOf, presetNames } from './pollers.js';

// Repeats the life of a poller. Each time a different call of the kernel fails once. The caller
// may see an error or nothing. No registration may be lost, no false event may be reported, and
// nothing may be left at the end.

const sockets = 10;
const readable: Interest = { readable: true };
const writable: Interest = { writable: true };

type Fault = NTSTATUS | 'throws';

/** A kernel on which one call fails: the `nth` call of a function while the fault is armed. */
function faultyKernel(
  sim: ReturnType<typeof createSimNt>,
  name: keyof Kernel,
  nth: number,
  fault: Fault,
) {
  const call = sim.kernel[name] as (...args: unknown[]) => unknown;
  const state = { isArmed: false, calls: 0 };
  const failing = (...args: unknown[]) => {
    if (!state.isArmed) return call(...args);
    state.calls += 1;
    if (state.calls !== nth) return call(...args);
    if (fault === 'throws') throw new Error('the fault');
    return fault;
  };
  return { state, kernel: { ...sim.kernel, [name]: failing } as Kernel };
}

/** One poller with its sockets. No socket has data to read. */
class Life {
  readonly #sim = createSimNt({ seed: 1 });
  readonly #fault: ReturnType<typeof faultyKernel>;
  readonly #nth: number;
  readonly #interests = new Map<DatagramSkt, Interest>();
  readonly #poller;
  /** What was reported since the last check: sockets, 'wake' and 'post'. */
  readonly #seen = new Set<unknown>();

  constructor(preset: PresetName, name: keyof Kernel, nth: number, fault: Fault) {
    this.#fault = faultyKernel(this.#sim, name, nth, fault);
    this.#nth = nth;
    this.#poller = pollerOf<undefined>(preset, {
      kernel: this.#fault.kernel,
      now: this.#sim.nowMs,
      allowMainThread: true,
      requestsPerHandle: 2,
      socketsPerRequest: preset === 'batched' ? 4 : 1,
    });
  }

  get isReached(): boolean {
    return this.#fault.state.calls >= this.#nth;
  }

  run(): void {
    const all = Array.from({ length: sockets }, () => this.#udp());
    const [first, second, closed, behind] = all as [
      DatagramSkt,
      DatagramSkt,
      DatagramSkt,
      DatagramSkt,
    ];
    for (const skt of all) this.#add(skt, readable);
    this.#expectReported([], 'nothing to read');
    for (const skt of all) this.#modify(skt, { ...readable, ...writable });
    this.#expectReported(all, 'all writable');
    for (const skt of all) this.#modify(skt, readable);
    this.#expectReported([], 'nothing to read again');
    for (const skt of [first, second]) {
      this.#try(() => this.#poller.remove(skt));
      this.#add(skt, writable);
    }
    this.#expectReported([first, second], 'added again while a request was pending');
    this.#try(() => closed.close());
    expect([closed.isOpen, this.#poller.has(closed)]).toEqual([false, false]);
    // The socket is closed without the poller's knowledge, and its handle value is reused.
    this.#sim.kernel.closesocket(behind.socket);
    const next = this.#udp();
    this.#add(next, writable);
    this.#expectReported([next], 'a handle that was given out again');
    expect(this.#poller.has(behind)).toBe(false);
    this.#send();
    this.#expectReported(['wake', 'post', first], 'wakes and a post');
    this.#end();
  }

  /**
   * Makes a call. It may fail with the injected fault, or because the same call has succeeded
   * before.
   */
  #try(call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      if (error instanceof PollerError) throw error;
      return false;
    }
  }

  #udp(): DatagramSkt {
    const { state, kernel } = this.#fault;
    const { isArmed } = state;
    state.isArmed = false;
    const skt = createSocketCreator(kernel).fromAddress(new UDPAddress('127.0.0.1', 0));
    state.isArmed = isArmed;
    return skt;
  }

  #add(skt: DatagramSkt, interest: Interest): void {
    this.#fault.state.isArmed = true;
    if (!this.#try(() => this.#poller.add(skt, interest))) this.#poller.add(skt, interest);
    this.#interests.set(skt, interest);
  }

  #modify(skt: DatagramSkt, interest: Interest): void {
    this.#poller.modify(skt, interest);
    this.#interests.set(skt, interest);
  }

  #send(): void {
    const remote = createRemote(this.#poller.remoteData(), this.#fault.kernel);
    const sends = [() => this.#poller.wake(1), () => this.#poller.post(1), () => remote.wake(2)];
    for (const send of sends) if (!this.#try(send)) send();
  }

  /**
   * Waits several times. Then everything in `expected` must have been reported, and no event may be
   * false.
   */
  #expectReported(expected: readonly unknown[], what: string): void {
    for (let waits = 0; waits < 8; waits += 1) this.#try(() => this.#wait(what));
    verifyPoller(this.#poller);
    for (const each of expected) expect(this.#seen.has(each), what).toBe(true);
    this.#seen.clear();
  }

  #wait(what: string): void {
    for (const event of this.#poller.wait(2)) {
      if (event.kind !== 'socket') {
        this.#seen.add(event.kind);
        continue;
      }
      const skt = event.skt as DatagramSkt;
      const interest = this.#interests.get(skt) as Interest;
      expect([event.isReadable, event.isWritable && interest.writable !== true], what).toEqual([
        false,
        false,
      ]);
      if (event.isRefused) this.#poller.modify(skt, interest);
      else this.#seen.add(skt);
    }
  }

  /** Other tests cover failures while a poller is closed. */
  #end(): void {
    this.#fault.state.isArmed = false;
    this.#poller.close();
    // Two sockets have the same handle value, so the second close finds the handle closed.
    for (const skt of this.#interests.keys()) this.#try(() => skt.close());
    const left = { pending: 0, handles: 0, memory: { blocks: 0 } };
    expect(this.#sim).toMatchObject({ violations: [], ...left });
  }
}

const calls = [
  'NtCreateFile',
  'NtSetInformationFile',
  'NtDeviceIoControlFile',
  'NtCancelIoFileEx',
  'NtRemoveIoCompletionEx',
  'NtSetIoCompletion',
] as const;
const statuses = [STATUS_ACCESS_DENIED, STATUS_CANCELLED, STATUS_INSUFFICIENT_RESOURCES];

test.each(presetNames.flatMap((preset) => calls.map((name) => [preset, name] as const)))(
  '[%s] whichever call of %s fails once: no registration is lost, nothing is left',
  (preset, name) => {
    for (const fault of [...statuses, 'throws'] as const) {
      for (let nth = 1; ; nth += 1) {
        const life = new Life(preset, name, nth, fault);
        life.run();
        if (!life.isReached) break;
      }
    }
  },
);
