import { CompletionPort, largestTake, portMemoryBytes, postPacket } from 'nt-afd';
import type { NativeMemory } from 'ntdllx';
import type { Direction, Skt } from 'tofu-sockets';
import { AfdHandles } from './afd-handles.js';
import { Batches } from './batches.js';
import { DiagnosticsLog } from './diagnostics.js';
import { type PreparedInterest, readinessByDirection } from './interest.js';
import type { CheckedOptions } from './options.js';
import { packetKey } from './packets.js';
import type { PollEvents } from './poll-events.js';
import type { PollHandles } from './poll-handles.js';
import { PollLoop } from './poll-loop.js';
import { PollRequests } from './poll-requests.js';
import { Registration } from './registration.js';
import { Registry } from './registry.js';
import { reserveStack } from './reserve-stack.js';
import { SharedFlags } from './shared-flags.js';
import { SocketHandles } from './socket-handles.js';

/**
 * A wait blocks no longer than this in one call, so that its thread can be terminated meanwhile.
 */
const sliceMs = 1_000;
/** The same limit for the waits of `close`. */
const closeSliceMs = 50;
/** How long `close` waits for a thread that is about to post. */
const postersLimitMs = 200;

/**
 * The parts of a poller, and the operations on registrations. It owns the port, its memory and the
 * requests. The caller has checked all arguments.
 */
export class PollEngine {
  readonly port: CompletionPort;
  readonly flags = new SharedFlags();
  readonly log: DiagnosticsLog;
  readonly requests: PollRequests;
  readonly batches: Batches;
  readonly loop: PollLoop;
  readonly registry: Registry;
  readonly handles: PollHandles;
  readonly #options: CheckedOptions;
  readonly #memory: NativeMemory;
  #isWaiting = false;
  #nextId = 1;

  /** Creates the port. @throws {NtStatusError} when NT refuses; then nothing stays open. */
  constructor(options: CheckedOptions) {
    const { kernel, socketsPerRequest, requestsPerHandle } = options;
    this.#options = options;
    this.#memory = kernel.allocate(portMemoryBytes);
    try {
      this.port = new CompletionPort(kernel, this.#memory);
    } catch (error) {
      this.#memory.free();
      throw error;
    }
    this.log = new DiagnosticsLog(this.port.handle);
    this.handles =
      options.handle === 'afd'
        ? new AfdHandles(kernel, this.port, requestsPerHandle)
        : new SocketHandles(this.port);
    const { handles, log, port, flags } = this;
    this.requests = new PollRequests(kernel, port, handles, log, socketsPerRequest);
    this.batches = new Batches(this.requests, socketsPerRequest, requestsPerHandle);
    this.registry = new Registry({
      onWouldBlock: (skt, direction) => this.#onWouldBlock(skt, direction),
      onClose: (skt) => this.#onClose(skt),
    });
    const { requests, batches, registry } = this;
    this.loop = new PollLoop({ port, flags, registry, requests, batches, log });
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** @throws when the socket cannot be polled; then it is not registered. */
  add(skt: Skt, interest: PreparedInterest, token: unknown): number {
    reserveStack();
    const { registry, loop } = this;
    const id = this.#nextId;
    const registration = new Registration(id, skt, skt.baseHandle(), token, interest);
    this.handles.prepare(registration);
    // A registration with this handle exists: its socket was closed without the poller's
    // knowledge, and NT reused the handle value.
    const stale = registry.findByHandle(registration.base);
    if (stale !== undefined) loop.closed(stale);
    registry.add(registration);
    this.#nextId += 1;
    loop.enqueue(registration);
    return id;
  }

  modify(registration: Registration, interest: PreparedInterest): void {
    registration.change(interest);
    this.loop.enqueue(registration);
  }

  remove(registration: Registration): void {
    reserveStack();
    this.loop.remove(registration);
  }

  /** Waits until there is an event or the time is over. `events` must be empty. */
  wait(events: PollEvents, timeoutMs: number): void {
    const { now } = this.#options;
    const { loop } = this;
    reserveStack();
    this.#isWaiting = true;
    try {
      const deadlineMs = now() + timeoutMs;
      for (;;) {
        loop.flush(events.capacity);
        // A clock that returns NaN ends the wait.
        const leftMs = Math.max(0, deadlineMs - now()) || 0;
        loop.take(loop.hasFinished ? 0 : Math.min(leftMs, sliceMs), events.capacity);
        loop.drain(events);
        if (events.length > 0) return;
        if (!(now() < deadlineMs)) {
          events.timeOut();
          return;
        }
      }
    } finally {
      this.#isWaiting = false;
    }
  }

  /** Posts a packet that ends a wait. @throws {NtStatusError} */
  wake(bits: number): void {
    this.flags.wake(bits, () => this.#post(packetKey.wake, 0, 0));
  }

  /** Posts a packet of the caller. @throws {NtStatusError} */
  post(type: number, value: number): void {
    this.#post(packetKey.post, type, value);
  }

  /**
   * Cancels every request, removes its packet and releases all resources, within the time limit.
   *
   * @returns what stays allocated for good, because it may still be used: blocks that the kernel
   *   owns, and the port if another thread is about to post.
   */
  close(): { readonly blocks: number; readonly isPortLeft: boolean } {
    reserveStack();
    const { now, closeLimitMs } = this.#options;
    const { registry, requests, handles, loop, flags, port } = this;
    const deadlineMs = now() + closeLimitMs;
    const registrations = registry.size;
    flags.close();
    let blocks = 0;
    let isPortLeft = true;
    try {
      for (const registration of registry.all) {
        registration.remove();
        registry.remove(registration);
      }
      requests.cancelAll(() => !(now() < deadlineMs));
      this.#drainPort(deadlineMs);
    } finally {
      try {
        handles.close();
        // Under Wine closing a handle completes the requests that are pending on it.
        this.#drainPort(Number.NEGATIVE_INFINITY);
      } finally {
        const leftMs = Math.max(0, deadlineMs - now()) || 0;
        isPortLeft = !flags.waitForPosters(Math.min(leftMs, postersLimitMs));
        if (!isPortLeft) port.close();
        this.#memory.free();
        loop.clear();
        registry.clear();
        blocks = requests.free();
        this.log.close(registrations, blocks);
      }
    }
    return { blocks, isPortLeft };
  }

  #drainPort(deadlineMs: number): void {
    const { requests, port } = this;
    while (requests.pending > 0) {
      const leftMs = Math.max(0, deadlineMs - this.#options.now()) || 0;
      const taken = port.take(Math.min(leftMs, closeSliceMs));
      for (let index = port.next(); index !== -1; index = port.next()) {
        const isPoll = port.key(index) === packetKey.poll;
        const request = isPoll ? requests.findCompleted(port.apcContext(index)) : undefined;
        if (request === undefined) continue;
        requests.complete(request);
        requests.release(request);
      }
      if (leftMs === 0 && taken < largestTake) return;
    }
  }

  #post(key: number, type: number, value: number): void {
    postPacket(this.#options.kernel, this.port.handle, key, 0, type, value);
  }

  /** A call on a socket returned would-block. */
  #onWouldBlock(skt: Skt, direction: Direction): void {
    const registration = this.registry.find(skt);
    if (registration === undefined) return;
    // A poll that was submitted before the connect began may never report it, so the poll is
    // cancelled and submitted again.
    const isEarly = direction === 'connect' && this.requests.outdate(registration);
    const isRenewed = registration.renew(readinessByDirection[direction]);
    if (isEarly || isRenewed) this.loop.enqueue(registration);
  }

  #onClose(skt: Skt): void {
    reserveStack();
    const registration = this.registry.find(skt);
    if (registration !== undefined) this.loop.closed(registration);
    if (!this.#isWaiting) this.log.publish();
  }
}
