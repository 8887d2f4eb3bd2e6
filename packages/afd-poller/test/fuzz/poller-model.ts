import {
  type AfdPoller,
  PollEvents,
  PollerError,
  type PollerOptions,
  type PollerRemote,
  Readiness,
} from 'afd-poller';
import { createRemote, type KernelOptions, verifyPoller } from 'afd-poller/internal';
import { type Kernel, NtStatusError, STATUS_SUCCESS } from 'ntdllx';
import type { Choices } from 'test-kit';
import { type PresetName, pollerOf } from '../pollers.js';
import { claim } from './claim.js';
import { ModelRegistration, type ModelSocket } from './registration-model.js';
import { interestOf, type ModelInterest } from './rules.js';

/** The bits of wakes that were not reported yet. */
interface Wakes {
  /** Bits that must be reported. */
  must: number;
  /** Bits that may be reported: those of `must`, and those whose packet was refused. */
  may: number;
  /** The bits whose packet was refused. */
  refused: number;
  /** Of must and of may: bits from wakes of another thread during a wait. */
  during: number;
  mayDuring: number;
}

/** A posted packet. */
export interface ModelPost {
  readonly type: number;
  readonly value: number;
}

/** A poller, and the model's state for it. */
export class ModelPoller {
  readonly number: number;
  readonly preset: PresetName;
  readonly real: AfdPoller<number>;
  readonly remote: PollerRemote;
  readonly bySocket = new Map<ModelSocket, ModelRegistration>();
  readonly byToken = new Map<number, ModelRegistration>();
  /**
   * Registrations whose socket was closed without being removed. The close must be reported once.
   */
  readonly closing = new Set<ModelRegistration>();
  readonly wakes: Wakes = { must: 0, may: 0, refused: 0, during: 0, mayDuring: 0 };
  posts: ModelPost[] = [];
  /** The number of events that waits have delivered. */
  reported = 0;
  isWaiting = false;
  /** The number of its AFD handles at the last check. */
  afdHandles = 0;
  readonly lists: readonly PollEvents<number>[];
  /** By block address: the ApcContexts of the block's polls, with the last one at the end. */
  readonly contexts = new Map<number, number[]>();
  readonly #kernel: Kernel;
  readonly #port: number;
  /** Bits of wakes that occurred while another one was being posted. */
  #overlapping = 0;
  readonly #requestsPerHandle: number;
  #nextToken: number;

  constructor(
    number: number,
    preset: PresetName,
    kernel: Kernel,
    options: PollerOptions & KernelOptions,
  ) {
    this.number = number;
    this.preset = preset;
    this.#nextToken = number * 1_000_000;
    this.#requestsPerHandle = options.requestsPerHandle ?? 128;
    this.#kernel = {
      ...kernel,
      NtDeviceIoControlFile: (...args) => {
        this.#noteContext(Number(args[3]), args[4]);
        return kernel.NtDeviceIoControlFile(...args);
      },
    };
    this.real = pollerOf<number>(preset, { ...options, kernel: this.#kernel });
    const data = this.real.remoteData();
    this.#port = data.port;
    this.remote = createRemote(data, kernel);
    this.lists = [1, 2, 3, 64].map((capacity) => new PollEvents<number>(capacity));
  }

  token(): number {
    this.#nextToken += 1;
    return this.#nextToken;
  }

  /**
   * Adds a socket. If it cannot be added, the poller must refuse it for the reason that the model
   * expects.
   */
  add(socket: ModelSocket, interest: ModelInterest): void {
    const token = this.token();
    const isElsewhere =
      this.preset === 'self' && socket.port !== undefined && socket.port !== this.number;
    let id = 0;
    try {
      id = this.real.add(socket.skt, interestOf(interest), token);
    } catch (error) {
      const isKnown = error instanceof PollerError && error.code === 'ERR_OTHER_PORT';
      if (isKnown && isElsewhere) return;
      throw error;
    }
    claim(!isElsewhere, 'unexpected error', () => 'a socket of another port was added');
    if (this.preset === 'self') socket.port = this.number;
    const registration = new ModelRegistration(socket, id, token, interest);
    this.bySocket.set(socket, registration);
    this.byToken.set(token, registration);
    socket.registrations.add(registration);
  }

  modify(registration: ModelRegistration, interest: ModelInterest, hasNewToken: boolean): void {
    const { skt } = registration.socket;
    if (!hasNewToken) this.real.modify(skt, interestOf(interest));
    else {
      const token = this.token();
      this.byToken.delete(registration.token);
      this.byToken.set(token, registration);
      this.real.modify(skt, interestOf(interest), token);
      registration.change(interest, token);
      return;
    }
    registration.change(interest, undefined);
  }

  remove(registration: ModelRegistration): void {
    this.real.remove(registration.socket.skt);
    this.#forget(registration);
  }

  /** Called when a registration's socket is closed, or when the poller must treat it as closed. */
  closed(registration: ModelRegistration): void {
    this.#forget(registration);
    const isSure = !registration.isUncertain;
    if ((registration.interest.bits & Readiness.localClosed) !== 0 && isSure)
      this.closing.add(registration);
  }

  /** Removes a registration. The model keeps the token, because no later event may have it. */
  #forget(registration: ModelRegistration): void {
    registration.isAlive = false;
    this.bySocket.delete(registration.socket);
    registration.socket.registrations.delete(registration);
  }

  wake(bits: number, isRemote: boolean): void {
    const { wakes } = this;
    wakes.may |= bits;
    if (this.isWaiting) wakes.mayDuring |= bits;
    const outer = this.#overlapping;
    this.#overlapping = 0;
    const isDone = this.#posts(() => void (isRemote ? this.remote : this.real).wake(bits));
    let all = bits | this.#overlapping;
    if (isDone) {
      if (this.isWaiting) wakes.during |= all;
      // This wake also reports the bits that were refused before.
      all |= wakes.refused;
      wakes.must |= all;
      wakes.refused = 0;
    } else {
      // Wakes of other threads at the same time relied on the packet that was refused.
      wakes.must &= ~all;
      wakes.during &= ~all;
      if (!this.isWaiting) wakes.refused |= all;
    }
    this.#overlapping = outer | all;
  }

  post(choices: Choices, isRemote: boolean): void {
    const type = choices.bits32();
    const value = choices.bits32() * 0x10_0000 + choices.below(0x10_0000);
    const isDone = this.#posts(() => (isRemote ? this.remote : this.real).post(type, value));
    if (isDone) this.posts.push({ type, value });
  }

  #noteContext(context: number, address: number): void {
    const list = this.contexts.get(address) ?? [];
    this.contexts.set(address, list);
    if (list.length > 8) list.shift();
    if (list.at(-1) !== context) list.push(context);
  }

  /**
   * Posts a packet with the ApcContext of an earlier poll of a block.
   *
   * @returns false if there is none.
   */
  replay(choices: Choices): boolean {
    const old = [...this.contexts.values()].flatMap((list) => list.slice(0, -1));
    if (old.length === 0) return false;
    const context = choices.pick(old);
    const { NtSetIoCompletion } = this.#kernel;
    return this.#posts(() => {
      const status = NtSetIoCompletion(this.#port, 0, context, 0, 0);
      if (status !== STATUS_SUCCESS) throw new NtStatusError('NtSetIoCompletion', status);
    });
  }

  /** Changes an interest from another thread. */
  changeRemotely(registration: ModelRegistration, interest: ModelInterest): void {
    const isDone = this.#posts(() => this.remote.modify(registration.id, interestOf(interest)));
    if (!isDone) return;
    registration.remotes.push(interest);
    registration.isAmbiguous = false;
  }

  /** Posts a packet. Returns false if NT had no memory for it. */
  #posts(post: () => void): boolean {
    try {
      post();
      return true;
    } catch (error) {
      if (error instanceof NtStatusError && error.call === 'NtSetIoCompletion') return false;
      throw error;
    }
  }

  /** @param verifySim lets the simulated kernel check the program's state. */
  close(verifySim: () => void): void {
    this.real.close();
    verifySim();
    for (const registration of [...this.bySocket.values()]) this.#forget(registration);
    const { pending, blocks, registrations } = this.real.inspect();
    const left = { pending, kernelOwned: blocks.kernelOwned, registrations };
    const isEmpty = pending === 0 && blocks.kernelOwned === 0 && registrations === 0;
    claim(isEmpty, 'leak', () => `in a closed poller: ${JSON.stringify(left)}`);
    for (const list of this.lists) {
      const isOver = [...list].every(
        (event) => event.kind !== 'socket' || event.bits === Readiness.localClosed,
      );
      claim(isOver, 'report after the end', () => 'by a list of a closed poller');
    }
    claim(
      !this.remote.isOpen,
      'inconsistent counters',
      () => 'a remote of a closed poller is open',
    );
    this.remote.wake(1);
    this.remote.close();
  }

  /** Checks what must hold between any two calls. */
  verify(): void {
    verifyPoller(this.real);
    const { registrations, delivered, pending, afdHandles } = this.real.inspect();
    const { size } = this.bySocket;
    const counts = () => `${registrations} registrations, ${size} in the model`;
    claim(registrations >= size, 'dropped without a reason', counts);
    claim(registrations <= size, 'inconsistent counters', counts);
    const isCrowded = this.preset === 'single' && pending > afdHandles * this.#requestsPerHandle;
    claim(
      !isCrowded,
      'inconsistent counters',
      () => `${pending} polls on ${afdHandles} AFD handles`,
    );
    claim(delivered === this.reported, 'inconsistent counters', () => {
      return `${delivered} events delivered, ${this.reported} seen`;
    });
  }
}
