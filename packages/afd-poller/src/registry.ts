import type { HANDLE } from 'ntdllx';
import type { Skt, SktWatcher } from 'tofu-sockets';
import type { Registration } from './registration.js';

/**
 * The registrations of a poller by socket, id and handle, and the removed ones that still have a
 * request.
 */
export class Registry {
  readonly #bySkt = new Map<Skt, Registration>();
  readonly #byId = new Map<number, Registration>();
  readonly #byHandle = new Map<HANDLE, Registration>();
  /** Delete-pending, as in mio and wepoll: removed registrations that still have a request. */
  readonly #deletePending = new Map<Skt, Registration>();
  readonly #watcher: SktWatcher;

  /** @param watcher is attached to every registered socket. */
  constructor(watcher: SktWatcher) {
    this.#watcher = watcher;
  }

  get size(): number {
    return this.#bySkt.size;
  }

  get all(): Registration[] {
    return [...this.#bySkt.values()];
  }

  get deletePending(): Registration[] {
    return [...this.#deletePending.values()];
  }

  find(skt: Skt): Registration | undefined {
    return this.#bySkt.get(skt);
  }

  findById(id: number): Registration | undefined {
    return this.#byId.get(id);
  }

  /**
   * The registration with this handle value. If another socket has the value by now, the socket of
   * the registration was closed without the poller's knowledge, and NT reused the value.
   */
  findByHandle(base: HANDLE): Registration | undefined {
    return this.#byHandle.get(base);
  }

  /** @throws {SktError} for a socket that is being closed; then nothing was added. */
  add(registration: Registration): void {
    registration.skt.watch(this.#watcher);
    this.#bySkt.set(registration.skt, registration);
    this.#byId.set(registration.id, registration);
    this.#byHandle.set(registration.base, registration);
  }

  remove(registration: Registration): void {
    const { skt, id, base, request } = registration;
    skt.unwatch(this.#watcher);
    this.#bySkt.delete(skt);
    this.#byId.delete(id);
    if (this.#byHandle.get(base) === registration) this.#byHandle.delete(base);
    if (request !== undefined) this.#deletePending.set(skt, registration);
  }

  /**
   * True while an earlier registration of the same socket still has a request. A socket is in one
   * request at a time.
   */
  mustWait({ skt }: Registration): boolean {
    return this.#deletePending.size > 0 && this.#deletePending.has(skt);
  }

  /**
   * Drops a removed registration whose request is complete.
   *
   * @returns the registration that waited for it.
   */
  release(registration: Registration): Registration | undefined {
    const { skt } = registration;
    if (this.#deletePending.get(skt) !== registration) return undefined;
    this.#deletePending.delete(skt);
    return this.#bySkt.get(skt);
  }

  clear(): void {
    this.#bySkt.clear();
    this.#byId.clear();
    this.#byHandle.clear();
    this.#deletePending.clear();
  }
}
