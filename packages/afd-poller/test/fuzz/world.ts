import type { PollEvents } from 'afd-poller';
import { type Kernel, STATUS_NOT_FOUND, STATUS_SUCCESS } from 'ntdllx';
import { createSimNt, type SimNt } from 'sim-nt';
import { Choices } from 'test-kit';
import { BrokenClaim, claim } from './claim.js';
import { type Operation, operations } from './operations.js';
import { ModelPoller } from './poller-model.js';
import { Settling } from './settling.js';
import { count, type Situations } from './situations.js';
import { Sockets } from './sockets.js';
import { type SeenEvent, usesOf, WaitModel } from './wait-model.js';
import type { WorldOptions } from './world-options.js';

/** One simulated kernel with sockets and pollers, and their model. */
export class World {
  readonly options: WorldOptions;
  readonly sim: SimNt;
  readonly situations: Situations;
  readonly sockets: Sockets;
  readonly waits: WaitModel;
  readonly pollers: ModelPoller[] = [];
  /** The injections. They are switched off while the world settles. */
  inject: WorldOptions['sim']['inject'];
  /** The clock's limit: no wait may last until then. */
  latestMs = Number.POSITIVE_INFINITY;
  readonly #kernel: Kernel;
  readonly #settling: Settling;
  /** The lists whose events are being handled. */
  readonly #reading = new Set<PollEvents<number>>();
  #nextPoller = 1;

  constructor(options: WorldOptions, situations: Situations) {
    this.options = options;
    this.situations = situations;
    this.inject = options.sim.inject;
    this.sim = createSimNt(options.sim);
    this.#kernel = watched(this.sim.kernel, situations);
    this.sockets = new Sockets(this.#kernel, options.hasPaths);
    this.waits = new WaitModel(this.sim, situations);
    this.#settling = new Settling(this);
    for (let number = 0; number < options.pollers; number += 1) this.addPoller();
    this.sockets.listener(new Choices(options.seed));
  }

  addPoller(): void {
    const { preset, requestsPerHandle } = this.options;
    const options = { requestsPerHandle, allowMainThread: true };
    const poller = new ModelPoller(this.#nextPoller, preset, this.#kernel, {
      ...options,
      now: () => this.#nowMs(),
    });
    this.#nextPoller += 1;
    this.pollers.push(poller);
  }

  /**
   * A wait without a time-out waits in slices, so without this limit a lost wake would make it
   * wait for ever.
   */
  #nowMs(): number {
    const nowMs = this.sim.nowMs();
    claim(nowMs < this.latestMs, 'wake lost', () => 'a wait without an end, after a wake');
    return nowMs;
  }

  closePoller(poller: ModelPoller): void {
    this.pollers.splice(this.pollers.indexOf(poller), 1);
    this.#countWhatItDid(poller);
    poller.close(() => this.#askKernel());
    count(this.situations, 'poller closed');
  }

  /** Performs one operation, and checks all claims. @throws {BrokenClaim} */
  step([name, seed]: Operation): void {
    this.guard(() => {
      operations[name].run(this, new Choices(seed));
      this.verify();
    });
  }

  /** Runs a function. An unexpected error of the engine is a broken claim, too. */
  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (error instanceof BrokenClaim) throw error;
      const { message } = error as Error;
      const name = /^(ledger|poller): /.test(message)
        ? 'inconsistent counters'
        : 'unexpected error';
      throw new BrokenClaim(name, message, { cause: error });
    }
  }

  /** Waits, and handles the events as a program would. */
  wait(poller: ModelPoller, timeoutMs: number, list: PollEvents<number>, choices: Choices): void {
    this.latestMs = this.sim.nowMs() + 60_000;
    const seen = this.waits.wait(poller, timeoutMs, list);
    this.latestMs = Number.POSITIVE_INFINITY;
    this.#reading.add(list);
    this.waits.iterate(list, seen, (entry) => {
      this.#handle(poller, entry, seen, choices);
      if (choices.chance(0.02)) this.#waitAgain(poller, choices);
      const isLeft = choices.chance(0.01);
      if (isLeft) count(this.situations, 'iteration ended early');
      return !isLeft;
    });
    this.#reading.delete(list);
  }

  /** Waits into another list while events are being handled. */
  #waitAgain(poller: ModelPoller, choices: Choices): void {
    const free = poller.lists.filter((each) => !this.#reading.has(each));
    if (free.length === 0) return;
    count(this.situations, 'wait from within the handling of events');
    this.wait(poller, choices.pick([0, 0, 1]), choices.pick(free), choices);
    this.verify();
  }

  settle(choices: Choices): void {
    this.#settling.settle(choices);
  }

  /** Handles an event: mostly by the call that it reports, sometimes by another operation. */
  #handle(
    poller: ModelPoller,
    entry: SeenEvent,
    seen: readonly SeenEvent[],
    choices: Choices,
  ): void {
    const { registration } = entry;
    const isUntouched = registration === undefined || usesOf(registration) === entry.uses;
    if (registration?.socket.skt.isOpen && entry.isFresh && choices.chance(0.5)) {
      this.#useUp(entry, isUntouched, choices);
    }
    const dice = choices.below(20);
    if (dice > 6) return;
    if (dice > 2) operations[choices.pick(reentrant)].run(this, choices);
    else this.#changeOther(poller, seen, choices);
    count(this.situations, 'call from within the handling of events');
    this.verify();
  }

  /** Removes or changes a registration that has a later event in the list. */
  #changeOther(poller: ModelPoller, seen: readonly SeenEvent[], choices: Choices): void {
    const { registration } = choices.pick(seen);
    if (!registration?.isAlive) return;
    if (choices.chance(0.5)) poller.remove(registration);
    else poller.modify(registration, { bits: choices.below(0x40), mode: 'level' }, false);
  }

  /** Makes the call that an event reports. It must not return would-block. */
  #useUp({ event, registration, bits }: SeenEvent, isUntouched: boolean, choices: Choices): void {
    if (event.kind !== 'socket') return;
    const socket = (registration as NonNullable<typeof registration>).socket;
    const { kind } = socket.skt;
    const { isReadable, isAccept, isWritable, isConnected, isConnectFailed } = event;
    let outcome: string | undefined;
    if (isConnected || isConnectFailed) {
      if (kind === 'client') outcome = this.sockets.finishConnect(socket);
    } else if (isReadable) {
      if (kind !== 'listener') outcome = this.sockets.receive(socket, 1 + choices.below(64));
      if (choices.chance(0.5) && kind !== 'listener') this.sockets.drain(socket);
    } else if (isAccept) {
      if (!this.sockets.isFull && kind === 'listener') outcome = this.sockets.accept(socket);
    } else if (isWritable && kind !== 'listener') {
      outcome = this.sockets.send(socket, 1 + choices.below(64));
    }
    const isRight = !isUntouched || outcome !== 'would block';
    claim(isRight, 'false report', () => `0x${bits.toString(16)}, and the call blocks`);
    if (outcome !== undefined) count(this.situations, 'call after a report');
  }

  /** Checks what must hold between any two operations. */
  verify(): void {
    let kernelOwned = 0;
    for (const poller of this.pollers) {
      poller.verify();
      const { blocks, afdHandles } = poller.real.inspect();
      kernelOwned += blocks.kernelOwned;
      if (afdHandles < poller.afdHandles) count(this.situations, 'AFD handles closed');
      if (afdHandles > poller.afdHandles) count(this.situations, 'AFD handles opened');
      poller.afdHandles = afdHandles;
    }
    this.#askKernel();
    for (const { skt } of this.sockets.list) {
      const polls = this.sim.pollsOf(skt.socket);
      claim(polls <= this.pollers.length, 'two polls of one socket', () => {
        return `${polls} polls by ${this.pollers.length} pollers`;
      });
    }
    const { pending, untaken } = this.sim;
    claim(kernelOwned === pending + untaken, 'inconsistent counters', () => {
      return `${kernelOwned} blocks lent; ${pending} polls pending, ${untaken} untaken`;
    });
  }

  #askKernel(): void {
    const { violations } = this.sim;
    claim(violations.length === 0, 'kernel rule violated', () => violations.join(' '));
  }

  /** Ends the world: closes everything in a random order, and checks that nothing is left. */
  end(choices: Choices): void {
    this.guard(() => {
      while (this.pollers.length > 0 || this.sockets.list.length > 0) {
        const isPoller = this.sockets.list.length === 0 || choices.chance(0.2);
        if (isPoller && this.pollers.length > 0) this.closePoller(choices.pick(this.pollers));
        else if (this.sockets.list.length > 0) {
          operations.close.run(this, choices);
        }
      }
      const { pending, untaken, handles, memory } = this.sim;
      const isEmpty = pending + untaken + handles + memory.blocks === 0;
      claim(isEmpty, 'leak', () => {
        return `${pending} polls, ${untaken} untaken, ${handles} handles, ${memory.blocks} blocks`;
      });
      this.#askKernel();
    });
    for (const [name, times] of Object.entries(this.sim.injected)) {
      count(this.situations, `injected ${name}`, times);
    }
    const calls = Object.values(this.sim.calls).reduce((sum, times) => sum + times, 0);
    count(this.situations, 'calls of the kernel', calls);
  }

  #countWhatItDid(poller: ModelPoller): void {
    const { cancelled, coalesced, unknown, submitted } = poller.real.inspect();
    count(this.situations, 'cancels', cancelled);
    count(this.situations, 'requests coalesced', coalesced);
    count(this.situations, 'unknown packets', unknown);
    count(this.situations, 'submits', submitted);
  }
}

/** The operations that are allowed while a list of events is being read. */
const reentrant = [
  'add',
  'modify',
  'remove',
  'close',
  'closeHard',
  'wake',
  'drain',
  'send',
] as const;

/** A kernel that counts how polls are submitted and completed. */
function watched(kernel: Kernel, situations: Situations): Kernel {
  return {
    ...kernel,
    NtDeviceIoControlFile: (...args) => {
      const status = kernel.NtDeviceIoControlFile(...args);
      if (status === STATUS_SUCCESS) count(situations, 'polls that succeed at once');
      return status;
    },
    NtCancelIoFileEx: (...args) => {
      const status = kernel.NtCancelIoFileEx(...args);
      if (status === STATUS_NOT_FOUND) count(situations, 'cancels that find nothing');
      return status;
    },
  };
}
