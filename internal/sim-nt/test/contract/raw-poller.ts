import {
  AFD_POLL_INFO,
  FILE_COMPLETION_INFORMATION,
  FILE_IO_COMPLETION_INFORMATION,
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  FileCompletionInformation,
  FileIoCompletionNotificationInformation,
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
  ntStatusName,
  OBJECT_ATTRIBUTES,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_PENDING,
  STATUS_SUCCESS,
  SYNCHRONIZE,
} from 'ntdllx';
import type { Skt } from 'tofu-sockets';

/** What a poll is to be, where it is not the ordinary one. */
export interface PollOptions {
  /** The handle that the poll is made on; the poller's own handle of AFD by default. */
  readonly on?: HANDLE;
  /** In 100 ns, as NT has it; never by default. */
  readonly timeout100ns?: bigint;
  /** The address of the request's IO_STATUS_BLOCK by default. */
  readonly apcContext?: number | bigint;
  readonly isExclusive?: boolean;
  /** The output has a buffer of its own. */
  readonly hasTwoBuffers?: boolean;
  /** What is said instead of the truth. */
  readonly lies?: {
    readonly count?: number;
    readonly inLength?: number;
    readonly outLength?: number;
    readonly handles?: readonly number[];
  };
}

/** What one handle of a poll's output says. */
export interface Reported {
  readonly handle: bigint;
  readonly events: number;
  readonly status: string;
}

/** A poll that was armed. The kernel has its memory until it ended and its packet was taken. */
export class Poll {
  readonly memory: NativeMemory;
  readonly on: HANDLE;
  readonly iosb: IO_STATUS_BLOCK;
  readonly input: AFD_POLL_INFO;
  readonly output: AFD_POLL_INFO;
  readonly byteLength: number;

  constructor(
    kernel: Kernel,
    on: HANDLE,
    handles: readonly number[],
    mask: number,
    o: PollOptions,
  ) {
    this.on = on;
    this.byteLength = AFD_POLL_INFO.byteLength(handles.length);
    this.memory = kernel.allocate(16 + 2 * this.byteLength);
    this.memory.fill(0);
    this.iosb = new IO_STATUS_BLOCK(this.memory, 0);
    this.iosb.Status = STATUS_PENDING;
    this.input = new AFD_POLL_INFO(this.memory, 16);
    const second = new AFD_POLL_INFO(this.memory, 16 + this.byteLength);
    this.output = o.hasTwoBuffers ? second : this.input;
    this.input.Timeout = o.timeout100ns ?? INT64_MAX;
    this.input.NumberOfHandles = o.lies?.count ?? handles.length;
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
      return { handle: Handle, events: Events, status: ntStatusName(Status) };
    });
  }
}

/** What came off the port. */
export interface Taken {
  readonly key: bigint;
  readonly apcContext: bigint;
  readonly poll: Poll | undefined;
  readonly status: string;
  readonly information: bigint;
}

/** A port, a handle of AFD that is associated with it, and polls: raw NT, on any kernel. */
export class RawPoller {
  readonly kernel: Kernel;
  readonly port: HANDLE;
  readonly afd: HANDLE;
  readonly scratch: NativeMemory;
  readonly #polls = new Map<bigint, Poll>();
  readonly #armed = new Set<Poll>();
  readonly #handles: HANDLE[] = [];

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.scratch = kernel.allocate(512);
    this.port = this.createPort();
    this.afd = this.openAfd();
    requireNtSuccess('NtSetInformationFile', this.associate(this.afd, this.port, 0x77));
  }

  createPort(): HANDLE {
    const { address } = this.scratch;
    const status = this.kernel.NtCreateIoCompletion(address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    requireNtSuccess('NtCreateIoCompletion', status);
    return this.#own(this.scratch.readPointer(0));
  }

  /** Opens a handle of AFD. */
  openAfd(name = '\\Device\\Afd\\sim-nt'): HANDLE {
    const status = this.tryOpen(name);
    requireNtSuccess('NtCreateFile', status);
    return this.#own(this.scratch.readPointer(0));
  }

  /** Opens a name; the handle is in the first 8 bytes of the scratch memory. */
  tryOpen(name: string): NTSTATUS {
    const attributes = this.kernel.allocate(OBJECT_ATTRIBUTES.byteLength(name));
    OBJECT_ATTRIBUTES.write(attributes, name, 0);
    const { address: at } = this.scratch;
    const share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    const object = attributes.address;
    const { NtCreateFile } = this.kernel;
    const status = NtCreateFile(at, SYNCHRONIZE, object, at + 16, 0, 0, share, FILE_OPEN, 0, 0, 0);
    attributes.free();
    return status;
  }

  /** Associates a file with a port. */
  associate(file: HANDLE, port: HANDLE, key: number): NTSTATUS {
    const info = new FILE_COMPLETION_INFORMATION(this.scratch, 64);
    info.Port = BigInt(port);
    info.Key = BigInt(key);
    return this.setFile(file, info.address, 16, FileCompletionInformation);
  }

  /** Sets FILE_SKIP_* flags of a file. */
  setFlags(file: HANDLE, flags: number): NTSTATUS {
    this.scratch.writeU32(64, flags);
    const at = this.scratch.address + 64;
    return this.setFile(file, at, 4, FileIoCompletionNotificationInformation);
  }

  setFile(file: HANDLE, at: number, length: number, kind: number): NTSTATUS {
    return this.kernel.NtSetInformationFile(file, this.scratch.address + 96, at, length, kind);
  }

  /** Makes a second handle to the same object. */
  duplicate(handle: HANDLE): HANDLE {
    const self = this.kernel.NtCurrentProcess();
    const { address } = this.scratch;
    const status = this.kernel.NtDuplicateObject(self, handle, self, address, 0, 0, 2);
    requireNtSuccess('NtDuplicateObject', status);
    return this.#own(this.scratch.readPointer(0));
  }

  /** Arms a poll over sockets, or over handles. */
  arm(of: readonly (Skt | number)[], mask: number, options: PollOptions = {}) {
    const handles = of.map((each) => (typeof each === 'number' ? each : each.baseHandle()));
    const poll = new Poll(this.kernel, options.on ?? this.afd, handles, mask, options);
    const context = options.apcContext ?? poll.iosb.address;
    const status = this.kernel.NtDeviceIoControlFile(
      poll.on,
      0,
      0,
      context,
      poll.iosb.address,
      IOCTL_AFD_POLL,
      poll.input.address,
      options.lies?.inLength ?? poll.byteLength,
      poll.output.address,
      options.lies?.outLength ?? poll.byteLength,
    );
    if (!isNtError(status)) {
      this.#polls.set(BigInt(context), poll);
      this.#armed.add(poll);
    }
    return { poll, status: ntStatusName(status) };
  }

  /** Gives the memory of a poll that was refused, or is over, back. */
  free(poll: Poll): void {
    this.#armed.delete(poll);
    poll.memory.free();
  }

  /** Takes packets off a port; the status by name, and what came. */
  take(count: number, timeoutMs: number | undefined, port = this.port) {
    const { scratch } = this;
    const at = scratch.address;
    const timeout = new LARGE_INTEGER(scratch, 480);
    if (timeoutMs !== undefined) timeout.QuadPart = relativeTimeout100ns(timeoutMs);
    const until = timeoutMs === undefined ? 0 : timeout.address;
    const { NtRemoveIoCompletionEx } = this.kernel;
    const status = NtRemoveIoCompletionEx(port, at + 128, count, at + 472, until, 0);
    const removed = status === STATUS_SUCCESS ? scratch.readU32(472) : 0;
    const packets = Array.from({ length: removed }, (_, index): Taken => {
      const entry = new FILE_IO_COMPLETION_INFORMATION(scratch, 128 + 32 * index);
      const { Status, Information } = entry.IoStatusBlock;
      const { KeyContext: key, ApcContext: apcContext } = entry;
      const poll = this.#polls.get(apcContext);
      return { key, apcContext, poll, status: ntStatusName(Status), information: Information };
    });
    return { status: ntStatusName(status), packets };
  }

  /** Takes one packet; undefined when none comes in time. */
  next(timeoutMs: number): Taken | undefined {
    return this.take(1, timeoutMs).packets[0];
  }

  /** How many packets wait. */
  depth(port = this.port): number {
    const at = this.scratch.address + 472;
    const status = this.kernel.NtQueryIoCompletion(port, 0, at, 4, 0);
    requireNtSuccess('NtQueryIoCompletion', status);
    return this.scratch.readU32(472);
  }

  /** Posts a packet. */
  post(...[key, context, status, information]: [bigint, bigint, number, bigint]): string {
    const { NtSetIoCompletion } = this.kernel;
    return ntStatusName(NtSetIoCompletion(this.port, key, context, status, information));
  }

  /** Asks the kernel to end a poll. @returns the status by name. */
  cancel(poll: Poll, on = poll.on): string {
    const at = this.scratch.address + 112;
    return ntStatusName(this.kernel.NtCancelIoFileEx(on, poll.iosb.address, at));
  }

  /** Asks the kernel to end every poll of a handle, by either function. */
  cancelAll(on: HANDLE, isEx: boolean): string {
    const { NtCancelIoFile, NtCancelIoFileEx } = this.kernel;
    const at = this.scratch.address + 112;
    return ntStatusName(isEx ? NtCancelIoFileEx(on, 0, at) : NtCancelIoFile(on, at));
  }

  /** What one poll reports: arms it, takes its packet, and ends it. Undefined if it is silent. */
  async poll(skt: Skt, mask: number, limitMs: number): Promise<Reported[] | undefined> {
    const { poll } = this.arm([skt], mask);
    const packet = this.next(limitMs);
    const reported = packet?.poll === poll ? poll.reported : undefined;
    this.end(poll);
    return reported;
  }

  /** Ends a poll if need be, takes its packet, and gives its memory back. */
  end(poll: Poll): void {
    if (!this.#armed.has(poll)) return;
    if (poll.isPending) this.cancel(poll);
    for (let count = 0; count < 200 && poll.isPending; count += 1) this.next(10);
    if (poll.isPending) throw new Error('the kernel does not let go of a poll');
    while (this.next(0) !== undefined);
    this.free(poll);
  }

  /** Closes a handle that this poller opened, before its time. */
  closeHandle(handle: HANDLE): NTSTATUS {
    const index = this.#handles.indexOf(handle);
    if (index >= 0) this.#handles.splice(index, 1);
    return this.kernel.NtClose(handle);
  }

  /** Ends every poll, and closes every handle. */
  close(): void {
    for (const poll of [...this.#armed]) this.end(poll);
    for (const handle of this.#handles.splice(0).reverse()) this.kernel.NtClose(handle);
    this.scratch.free();
  }

  #own(handle: HANDLE): HANDLE {
    this.#handles.push(handle);
    return handle;
  }
}
