/**
 * Submits single polls and lets the caller set every parameter, also to an invalid value. For
 * probes and tests; programs use `afd-poller`.
 *
 * @packageDocumentation
 */
import {
  FILE_IO_COMPLETION_INFORMATION,
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  IOCTL_AFD_POLL,
  isNtError,
  type Kernel,
  LARGE_INTEGER,
  type NativeMemory,
  type NTSTATUS,
  ntKernel,
  ntStatusName,
  OBJECT_ATTRIBUTES,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_SUCCESS,
  SYNCHRONIZE,
} from 'ntdllx';
import { cancelPoll } from './poll.js';
import { setCompletionPort, setNotificationModes } from './port.js';
import {
  everything,
  type Packet,
  Poll,
  type Polled,
  type PolledSocket,
  type PollOptions,
  type Reported,
} from './raw-poll-request.js';

export type { Packet, Polled, PolledSocket, PollOptions, Reported };
export { everything, Poll };

/** Offsets in the scratch memory. */
const at = { out: 0, iosb: 16, packets: 128, removed: 472, timeout: 480 } as const;
const scratchBytes = 512;
/** How many packets the scratch memory has room for. */
const largestTake = 10;

/** A port, an AFD handle that is associated with it, and polls. The caller must close it. */
export class RawPoller {
  /** The kernel that the calls go to. */
  readonly kernel: Kernel;
  /** The port to which {@link afd} belongs. */
  readonly port: HANDLE;
  /** A handle to AFD, on which polls are submitted. */
  readonly afd: HANDLE;
  /** At least 512 bytes, for calls that use them only until they return. */
  readonly scratch: NativeMemory;
  readonly #byContext = new Map<bigint, Poll>();
  readonly #submitted = new Set<Poll>();
  /** Polls whose AFD handle was closed. They can no longer be cancelled. */
  readonly #orphans = new Set<Poll>();
  readonly #handles: HANDLE[] = [];

  /** @throws {NtStatusError} when an NT call fails; everything is freed and closed then. */
  constructor(kernel: Kernel = ntKernel) {
    this.kernel = kernel;
    this.scratch = kernel.allocate(scratchBytes);
    try {
      this.port = this.createPort();
      this.afd = this.openAfd();
      requireNtSuccess('NtSetInformationFile', this.associate(this.afd, this.port, 0x77));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Makes another port. {@link close} closes it, and all other handles that these methods return.
   */
  createPort(): HANDLE {
    const { address } = this.scratch;
    const status = this.kernel.NtCreateIoCompletion(address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    requireNtSuccess('NtCreateIoCompletion', status);
    return this.#own(this.scratch.readPointer(at.out));
  }

  /** Opens another handle to AFD. */
  openAfd(name = '\\Device\\Afd\\raw-poll'): HANDLE {
    requireNtSuccess('NtCreateFile', this.tryOpen(name));
    return this.#own(this.scratch.readPointer(at.out));
  }

  /**
   * Opens a name. The handle is in the first 8 bytes of the scratch memory; the caller closes it.
   */
  tryOpen(name: string): NTSTATUS {
    const attributes = this.kernel.allocate(OBJECT_ATTRIBUTES.byteLength(name));
    OBJECT_ATTRIBUTES.write(attributes, name, 0);
    const { address: out } = this.scratch;
    const share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    const object = attributes.address;
    const { NtCreateFile } = this.kernel;
    const iosb = out + at.iosb;
    const status = NtCreateFile(out, SYNCHRONIZE, object, iosb, 0, 0, share, FILE_OPEN, 0, 0, 0);
    attributes.free();
    return status;
  }

  /** Associates a file with a port. */
  associate(file: HANDLE, port: HANDLE, key: number): NTSTATUS {
    return setCompletionPort(this.kernel, file, port, key, this.scratch, at.iosb);
  }

  /** Sets FILE_SKIP_* flags of a file. */
  setNotificationModes(file: HANDLE, flags: number): NTSTATUS {
    return setNotificationModes(this.kernel, file, flags, this.scratch, at.iosb);
  }

  /** Makes a second handle to the same object. */
  duplicate(handle: HANDLE): HANDLE {
    const self = this.kernel.NtCurrentProcess();
    const { address } = this.scratch;
    const status = this.kernel.NtDuplicateObject(self, handle, self, address, 0, 0, 2);
    requireNtSuccess('NtDuplicateObject', status);
    return this.#own(this.scratch.readPointer(at.out));
  }

  /** Submits a poll. @returns the poll, and the name of the status that the call returned. */
  arm(of: Polled | readonly Polled[], mask: number, options: PollOptions = {}) {
    const list: readonly Polled[] = Array.isArray(of) ? of : [of];
    const poll = new Poll(this.kernel, options.on ?? this.afd, list, mask, options);
    const context = options.apcContext ?? poll.iosb.address;
    const { lies } = options;
    const status = this.kernel.NtDeviceIoControlFile(
      poll.on,
      options.event ?? 0,
      0,
      context,
      poll.iosb.address,
      IOCTL_AFD_POLL,
      poll.input.address,
      lies?.inLength ?? poll.byteLength,
      poll.output.address,
      lies?.outLength ?? poll.byteLength,
    );
    if (!isNtError(status)) {
      this.#byContext.set(BigInt(context), poll);
      this.#submitted.add(poll);
    }
    return { poll, status: ntStatusName(status) };
  }

  /** Frees the memory of a poll that NT refused, or that has ended. */
  free(poll: Poll): void {
    this.#submitted.delete(poll);
    poll.memory.free();
  }

  /**
   * Removes packets from a port. Blocks.
   *
   * @param limit the largest number of packets, 1 to 10. @param timeoutMs undefined: no time-out.
   */
  take(limit: number, timeoutMs: number | undefined, port = this.port) {
    const { scratch, kernel } = this;
    const { address } = scratch;
    const timeout = new LARGE_INTEGER(scratch, at.timeout);
    if (timeoutMs !== undefined) timeout.QuadPart = relativeTimeout100ns(timeoutMs);
    const status = kernel.NtRemoveIoCompletionEx(
      port,
      address + at.packets,
      Math.min(limit, largestTake),
      address + at.removed,
      timeoutMs === undefined ? 0 : timeout.address,
      0,
    );
    const removed = status === STATUS_SUCCESS ? scratch.readU32(at.removed) : 0;
    const packets = Array.from({ length: removed }, (_, index): Packet => {
      const entry = new FILE_IO_COMPLETION_INFORMATION(scratch, at.packets + 32 * index);
      const { Status, Information } = entry.IoStatusBlock;
      const { KeyContext: key, ApcContext: apcContext } = entry;
      const poll = this.#byContext.get(apcContext);
      return { key, apcContext, poll, status: ntStatusName(Status), information: Information };
    });
    return { status: ntStatusName(status), packets };
  }

  /** Removes one packet; undefined if none arrives before the time-out. Blocks. */
  next(timeoutMs: number): Packet | undefined {
    return this.take(1, timeoutMs).packets[0];
  }

  /** How many packets are in a port's queue. */
  depth(port = this.port): number {
    const { NtQueryIoCompletion } = this.kernel;
    const status = NtQueryIoCompletion(port, 0, this.scratch.address + at.removed, 4, 0);
    requireNtSuccess('NtQueryIoCompletion', status);
    return this.scratch.readU32(at.removed);
  }

  /** Posts a packet. @returns the status by name. */
  post(...[key, context, status, information]: [bigint, bigint, number, bigint]): string {
    const { NtSetIoCompletion } = this.kernel;
    return ntStatusName(NtSetIoCompletion(this.port, key, context, status, information));
  }

  /**
   * Submits a poll, waits for its packet, and ends the poll.
   *
   * @returns what the poll reports; undefined if no packet arrived within `limitMs`.
   */
  async poll(skt: PolledSocket, mask: number, limitMs = 150): Promise<Reported[] | undefined> {
    const { poll } = this.arm(skt, mask);
    return this.#reported(poll, await this.wait(limitMs));
  }

  /** As {@link poll}, but blocks. */
  pollBlocking(skt: PolledSocket, mask: number, limitMs: number): Reported[] | undefined {
    const { poll } = this.arm(skt, mask);
    return this.#reported(poll, this.next(limitMs));
  }

  #reported(poll: Poll, packet: Packet | undefined): Reported[] | undefined {
    const reported = packet?.poll === poll ? poll.reported : undefined;
    this.end(poll);
    return reported;
  }

  /** The bits that a poll reports within `limitMs`; 0 if no packet arrived. */
  async events(skt: PolledSocket, mask = everything, limitMs = 150): Promise<number> {
    return (await this.poll(skt, mask, limitMs))?.[0]?.events ?? 0;
  }

  /** As {@link next}, but does not block Node's event loop. */
  async wait(limitMs: number): Promise<Packet | undefined> {
    for (const until = performance.now() + limitMs; ; ) {
      const packet = this.next(0);
      if (packet !== undefined || performance.now() > until) return packet;
      await new Promise((done) => setTimeout(done, 2));
    }
  }

  /** Cancels a poll, by handle and block. @returns the status by name. */
  cancel(poll: Poll, on = poll.on, block = poll.iosb.address): string {
    const iosb = this.scratch.address + at.iosb;
    return ntStatusName(cancelPoll(this.kernel, on, block, iosb));
  }

  /**
   * Cancels every poll on a handle: by NtCancelIoFileEx if `isEx`, otherwise by NtCancelIoFile.
   */
  cancelAll(on: HANDLE, isEx: boolean): string {
    const { kernel, scratch } = this;
    const iosb = scratch.address + at.iosb;
    return ntStatusName(isEx ? cancelPoll(kernel, on, 0, iosb) : kernel.NtCancelIoFile(on, iosb));
  }

  /** Cancels a poll if it is pending, removes its packet, and frees its memory. */
  end(poll: Poll): void {
    if (!this.#submitted.has(poll)) return;
    if (poll.isPending) this.cancel(poll);
    for (let count = 0; count < 200 && poll.isPending; count += 1) this.next(10);
    if (poll.isPending) {
      throw new Error('A poll is still pending after its cancel: its memory is not freed.');
    }
    while (this.next(0) !== undefined);
    this.free(poll);
  }

  /**
   * Closes a handle that a method of this object returned. Does nothing if it is already closed.
   */
  closeHandle(handle: HANDLE): void {
    const index = this.#handles.indexOf(handle);
    if (index === -1) return;
    this.#handles.splice(index, 1);
    for (const poll of this.#submitted) if (poll.on === handle) this.#orphans.add(poll);
    this.kernel.NtClose(handle);
  }

  /**
   * Ends every poll and closes every handle. A poll that is pending on an already closed handle
   * can no longer be cancelled, so its memory is never freed.
   */
  close(): void {
    for (const poll of [...this.#submitted]) {
      if (!this.#orphans.has(poll) || !poll.isPending) this.end(poll);
    }
    for (const handle of this.#handles.splice(0).reverse()) this.kernel.NtClose(handle);
    this.scratch.free();
  }

  #own(handle: HANDLE): HANDLE {
    this.#handles.push(handle);
    return handle;
  }
}
