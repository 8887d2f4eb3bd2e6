/**
 * Polls one by one, with every parameter in the caller's hand, right or wrong: for probes and tests.
 * A program wants `afd-poller`.
 *
 * @packageDocumentation
 */
import {
  AFD_POLL_INFO,
  FILE_IO_COMPLETION_INFORMATION,
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  type HANDLE,
  INT64_MAX,
  IO_COMPLETION_ALL_ACCESS,
  IO_STATUS_BLOCK,
  IOCTL_AFD_POLL,
  isNtError,
  type Kernel,
  LARGE_INTEGER,
  type NativeMemory,
  type NTSTATUS,
  ntKernel,
  ntStatusName,
  OBJECT_ATTRIBUTES,
  type PointerSized,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_PENDING,
  STATUS_SUCCESS,
  SYNCHRONIZE,
} from 'ntdllx';
import { cancelPoll, pollBlockBytes, pollInfoOffset } from './poll.js';
import { setCompletionPort, setNotificationModes } from './port.js';

/** Every bit of a poll's mask. */
export const everything = 0x1ff;

/** What a poll is to be, where it is not the ordinary one. */
export interface PollOptions {
  /** The handle that it is submitted on; default: the poller's own handle of AFD. */
  readonly on?: HANDLE;
  /** In 100 ns, as NT has it; default: never. */
  readonly timeout100ns?: bigint;
  /** Default: the address of the poll's IO_STATUS_BLOCK. */
  readonly apcContext?: PointerSized;
  readonly event?: HANDLE;
  readonly isExclusive?: boolean;
  /** Gives the output a buffer of its own. */
  readonly hasTwoBuffers?: boolean;
  /** What is claimed instead of the truth. */
  readonly lies?: {
    /** NumberOfHandles. */
    readonly count?: number;
    readonly inLength?: number;
    readonly outLength?: number;
    readonly handles?: readonly (HANDLE | bigint)[];
  };
}

/** A socket, as far as a poll needs it. */
export interface PolledSocket {
  readonly isOpen: boolean;
  readonly socket: HANDLE | bigint;
  /** The handle that AFD knows it by. */
  baseHandle(): HANDLE;
}

/** What a poll can be about: a socket, or any value in the place of its handle. */
export type Polled = PolledSocket | HANDLE | bigint;

/** What one handle of a poll's output says. */
export interface Reported {
  readonly handle: bigint;
  /** Undefined where it was closed meanwhile, or was given as a value. */
  readonly skt: PolledSocket | undefined;
  readonly events: number;
  readonly status: string;
}

/** A submitted poll. The kernel owns its memory until it ended and its packet was removed. */
export class Poll {
  readonly memory: NativeMemory;
  readonly on: HANDLE;
  readonly iosb: IO_STATUS_BLOCK;
  readonly input: AFD_POLL_INFO;
  readonly output: AFD_POLL_INFO;
  readonly byteLength: number;
  readonly #of: readonly Polled[];

  constructor(kernel: Kernel, on: HANDLE, of: readonly Polled[], mask: number, o: PollOptions) {
    this.on = on;
    this.#of = of;
    this.byteLength = AFD_POLL_INFO.byteLength(of.length);
    const handles = of.map((each) => (typeof each === 'object' ? each.baseHandle() : each));
    this.memory = kernel.allocate(pollBlockBytes(of.length) + this.byteLength);
    this.memory.fill(0);
    this.iosb = new IO_STATUS_BLOCK(this.memory, 0);
    this.iosb.Status = STATUS_PENDING;
    this.input = new AFD_POLL_INFO(this.memory, pollInfoOffset);
    const second = new AFD_POLL_INFO(this.memory, pollInfoOffset + this.byteLength);
    this.output = o.hasTwoBuffers ? second : this.input;
    this.input.Timeout = o.timeout100ns ?? INT64_MAX;
    this.input.NumberOfHandles = o.lies?.count ?? of.length;
    this.input.Exclusive = o.isExclusive ? 1 : 0;
    for (const [index, handle] of handles.entries()) {
      const entry = this.input.handle(index);
      entry.Handle = BigInt(o.lies?.handles?.[index] ?? handle);
      entry.Events = mask;
      entry.Status = 0xdead_beef;
    }
  }

  /** True until the kernel wrote how it ended. */
  get isPending(): boolean {
    return this.iosb.Status === STATUS_PENDING;
  }

  /** The output, as many handles as it says. */
  get reported(): Reported[] {
    return Array.from({ length: this.output.NumberOfHandles }, (_, index) => {
      const { Handle, Events, Status } = this.output.handle(index);
      const skt = this.#of.find(
        (each) => typeof each === 'object' && each.isOpen && BigInt(each.socket) === Handle,
      ) as PolledSocket | undefined;
      return { handle: Handle, skt, events: Events, status: ntStatusName(Status) };
    });
  }
}

/** What came off the port. */
export interface Packet {
  readonly key: bigint;
  readonly apcContext: bigint;
  readonly poll: Poll | undefined;
  readonly status: string;
  readonly information: bigint;
}

/** Where everything is in the scratch memory. */
const at = { out: 0, iosb: 16, packets: 128, removed: 472, timeout: 480 } as const;
const scratchBytes = 512;
/** As many packets as there is room for. */
const largestTake = 10;

/** A port, a handle of AFD that is associated with it, and polls. Whoever makes one closes it. */
export class RawPoller {
  readonly kernel: Kernel;
  readonly port: HANDLE;
  readonly afd: HANDLE;
  /** At least 512 bytes, for calls that do not keep their address. */
  readonly scratch: NativeMemory;
  readonly #byContext = new Map<bigint, Poll>();
  readonly #submitted = new Set<Poll>();
  /** Polls whose handle was closed: they cannot be cancelled any more. */
  readonly #orphans = new Set<Poll>();
  readonly #handles: HANDLE[] = [];

  /** @throws {NtStatusError} when NT refuses; nothing is left then. */
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

  /** Makes another port. Closed by {@link close}, as all handles that come from here. */
  createPort(): HANDLE {
    const { address } = this.scratch;
    const status = this.kernel.NtCreateIoCompletion(address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    requireNtSuccess('NtCreateIoCompletion', status);
    return this.#own(this.scratch.readPointer(at.out));
  }

  /** Opens another handle of AFD. */
  openAfd(name = '\\Device\\Afd\\raw-poll'): HANDLE {
    requireNtSuccess('NtCreateFile', this.tryOpen(name));
    return this.#own(this.scratch.readPointer(at.out));
  }

  /** Opens a name; the handle is in the first 8 bytes of the scratch memory, and the caller's. */
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

  /** Submits a poll. @returns it and what the call returned, by name. */
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

  /** Gives the memory of a poll that was refused, or is over, back. */
  free(poll: Poll): void {
    this.#submitted.delete(poll);
    poll.memory.free();
  }

  /**
   * Removes packets from a port. Blocks.
   *
   * @param limit how many at the most, 1 to 10. @param timeoutMs undefined for ever.
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

  /** Removes one packet; undefined when none comes in time. Blocks. */
  next(timeoutMs: number): Packet | undefined {
    return this.take(1, timeoutMs).packets[0];
  }

  /** How many packets wait on a port. */
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

  /** What one poll reports: submits it, takes its packet, and ends it. Undefined if it is silent. */
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

  /** The bits that a poll reports within the time; 0 when it is silent. */
  async events(skt: PolledSocket, mask = everything, limitMs = 150): Promise<number> {
    return (await this.poll(skt, mask, limitMs))?.[0]?.events ?? 0;
  }

  /** As {@link next}, but leaves Node's event loop running meanwhile. */
  async wait(limitMs: number): Promise<Packet | undefined> {
    for (const until = performance.now() + limitMs; ; ) {
      const packet = this.next(0);
      if (packet !== undefined || performance.now() > until) return packet;
      await new Promise((done) => setTimeout(done, 2));
    }
  }

  /** Asks the kernel to end a poll, by its handle and its block. @returns the status by name. */
  cancel(poll: Poll, on = poll.on, block = poll.iosb.address): string {
    const iosb = this.scratch.address + at.iosb;
    return ntStatusName(cancelPoll(this.kernel, on, block, iosb));
  }

  /** Asks the kernel to end every poll of a handle, by either function. */
  cancelAll(on: HANDLE, isEx: boolean): string {
    const { kernel, scratch } = this;
    const iosb = scratch.address + at.iosb;
    return ntStatusName(isEx ? cancelPoll(kernel, on, 0, iosb) : kernel.NtCancelIoFile(on, iosb));
  }

  /** Ends a poll if need be, takes its packet, and gives its memory back. */
  end(poll: Poll): void {
    if (!this.#submitted.has(poll)) return;
    if (poll.isPending) this.cancel(poll);
    for (let count = 0; count < 200 && poll.isPending; count += 1) this.next(10);
    if (poll.isPending) throw new Error('the kernel does not let go of a poll');
    while (this.next(0) !== undefined);
    this.free(poll);
  }

  /** Closes a handle that came from here, before its time. Once it is closed, does nothing. */
  closeHandle(handle: HANDLE): void {
    const index = this.#handles.indexOf(handle);
    if (index === -1) return;
    this.#handles.splice(index, 1);
    for (const poll of this.#submitted) if (poll.on === handle) this.#orphans.add(poll);
    this.kernel.NtClose(handle);
  }

  /**
   * Ends every poll, and closes every handle. What is pending on a handle that was closed before can no
   * longer be cancelled: its memory stays the kernel's for good.
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
