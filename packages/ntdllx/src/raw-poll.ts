/**
 * Single polls on AFD, as NT has them and with nothing in between: for probes and tests. A program wants
 * `afd-poller`.
 *
 * @packageDocumentation
 */
import {
  FILE_OPEN,
  FILE_SHARE_READ,
  FILE_SHARE_WRITE,
  FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
  FileIoCompletionNotificationInformation,
  IO_COMPLETION_ALL_ACCESS,
  IOCTL_AFD_POLL,
  SYNCHRONIZE,
} from './constants.js';
import { requireNtSuccess } from './errors.js';
import { CreateIoCompletionPort, lastWin32Error } from './kernel32.js';
import { allocate, type NativeMemory } from './native-memory.js';
import {
  type HANDLE,
  NtCancelIoFileEx,
  NtClose,
  NtCreateFile,
  NtCreateIoCompletion,
  NtDeviceIoControlFile,
  NtRemoveIoCompletionEx,
  NtSetInformationFile,
} from './ntdll.js';
import { isNtError, type NTSTATUS, ntStatusName } from './ntstatus.js';
import { STATUS_PENDING, STATUS_SUCCESS } from './ntstatus-values.js';
import { AFD_POLL_INFO } from './structs/afd-poll-info.js';
import { FILE_IO_COMPLETION_INFORMATION } from './structs/file-io-completion-information.js';
import { IO_STATUS_BLOCK } from './structs/io-status-block.js';
import { INT64_MAX, LARGE_INTEGER, relativeTimeout100ns } from './structs/large-integer.js';
import { OBJECT_ATTRIBUTES } from './structs/object-attributes.js';
import type { SOCKET } from './ws2-32.js';

/** Every bit of a poll's mask. */
export const everything = 0x1ff;

/** What a poll is to be, where it is not the ordinary one. */
export interface PollOptions {
  /** In 100 ns, as NT has it; default: never. */
  readonly timeout100ns?: bigint;
  /** Default: the address of the request's IO_STATUS_BLOCK. */
  readonly apcContext?: number;
  readonly event?: HANDLE;
  readonly exclusive?: boolean;
  /** Give the output a buffer of its own. */
  readonly twoBuffers?: boolean;
  /** NumberOfHandles, where it is to be a lie. */
  readonly count?: number;
  /** Say so many bytes less than there are. */
  readonly shortBytes?: number;
}

/** A socket, as far as a poll needs it. */
export interface PolledSocket {
  readonly isOpen: boolean;
  readonly socket: SOCKET;
  /** The handle that AFD knows it by. */
  baseHandle(): HANDLE;
}

/** What a poll can be asked about: a socket, or any value in the place of its handle. */
export type Polled = PolledSocket | HANDLE | bigint;

/** What one handle of a poll's output says. */
export interface Reported {
  /** Undefined where it was closed meanwhile, or is no socket. */
  readonly skt: PolledSocket | undefined;
  readonly events: number;
  readonly status: string;
}

/** A poll that was armed. The kernel owns its memory until it ended and its packet was taken. */
export class Poll {
  readonly memory: NativeMemory;
  readonly iosb: IO_STATUS_BLOCK;
  readonly info: AFD_POLL_INFO;
  readonly output: AFD_POLL_INFO;
  readonly byteLength: number;
  readonly #skts: readonly Polled[];

  constructor(skts: readonly Polled[], mask: number, options: PollOptions) {
    this.#skts = skts;
    this.byteLength = AFD_POLL_INFO.byteLength(skts.length);
    this.memory = allocate(16 + 2 * this.byteLength);
    this.memory.fill(0);
    this.iosb = new IO_STATUS_BLOCK(this.memory, 0);
    this.iosb.Status = STATUS_PENDING;
    this.info = new AFD_POLL_INFO(this.memory, 16);
    const second = new AFD_POLL_INFO(this.memory, 16 + this.byteLength);
    this.output = options.twoBuffers ? second : this.info;
    this.info.Timeout = options.timeout100ns ?? INT64_MAX;
    this.info.NumberOfHandles = options.count ?? skts.length;
    this.info.Exclusive = options.exclusive ? 1 : 0;
    for (const [index, skt] of skts.entries()) {
      const handle = typeof skt === 'object' ? skt.baseHandle() : skt;
      this.info.handle(index).Handle = BigInt(handle);
      this.info.handle(index).Events = mask;
    }
  }

  get isPending(): boolean {
    return this.iosb.Status === STATUS_PENDING;
  }

  /** The output, as many handles as it says. */
  get reported(): Reported[] {
    return Array.from({ length: this.output.NumberOfHandles }, (_, index) => {
      const { Handle, Events, Status } = this.output.handle(index);
      const skt = this.#skts.find(
        (each) => typeof each === 'object' && each.isOpen && BigInt(each.socket) === Handle,
      ) as PolledSocket | undefined;
      return { skt, events: Events, status: ntStatusName(Status) };
    });
  }
}

/** What came off the port. */
export interface Packet {
  readonly apcContext: bigint;
  readonly poll: Poll | undefined;
  readonly status: string;
  readonly information: bigint;
}

/** A handle of the socket driver, a port, and polls between them: raw NT. Whoever makes one closes it. */
export class RawPoller {
  readonly port: HANDLE;
  readonly afd: HANDLE;
  readonly #scratch = allocate(96);
  readonly #polls = new Set<Poll>();

  constructor() {
    const { address } = this.#scratch;
    const created = NtCreateIoCompletion(address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    requireNtSuccess('NtCreateIoCompletion', created);
    this.port = Number(this.#scratch.readU64(0));
    this.afd = this.#openAfd();
    if (CreateIoCompletionPort(this.afd, this.port, 0, 0) === 0) {
      throw lastWin32Error('CreateIoCompletionPort');
    }
  }

  #openAfd(): HANDLE {
    const name = '\\Device\\Afd\\raw-poll';
    const attributes = allocate(OBJECT_ATTRIBUTES.byteLength(name));
    OBJECT_ATTRIBUTES.write(attributes, name, 0);
    const { address } = this.#scratch;
    const share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    const at = attributes.address;
    const iosb = address + 16;
    const status = NtCreateFile(address, SYNCHRONIZE, at, iosb, 0, 0, share, FILE_OPEN, 0, 0, 0);
    attributes.free();
    requireNtSuccess('NtCreateFile', status);
    return Number(this.#scratch.readU64(0));
  }

  /** From now on a poll that succeeds at once posts no packet. */
  skipPacketsOnSuccess(): void {
    this.#scratch.writeU32(0, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    const { address } = this.#scratch;
    const information = FileIoCompletionNotificationInformation;
    const status = NtSetInformationFile(this.afd, address + 16, address, 4, information);
    requireNtSuccess('NtSetInformationFile', status);
  }

  /** Arms a poll. @returns it and what the call returned. */
  arm(skts: Polled | readonly Polled[], mask: number, options: PollOptions = {}) {
    const list: readonly Polled[] = Array.isArray(skts) ? skts : [skts];
    const poll = new Poll(list, mask, options);
    const status = NtDeviceIoControlFile(
      this.afd,
      options.event ?? 0,
      0,
      options.apcContext ?? poll.iosb.address,
      poll.iosb.address,
      IOCTL_AFD_POLL,
      poll.info.address,
      poll.byteLength - (options.shortBytes ?? 0),
      poll.output.address,
      poll.byteLength - (options.shortBytes ?? 0),
    );
    if (isNtError(status)) poll.memory.free();
    else this.#polls.add(poll);
    return { poll, status: ntStatusName(status) };
  }

  /** What a wait of no time returns. */
  nextStatus(): NTSTATUS {
    return this.#remove(0);
  }

  #remove(timeoutMs: number): NTSTATUS {
    const timeout = new LARGE_INTEGER(this.#scratch, 48);
    timeout.QuadPart = relativeTimeout100ns(timeoutMs);
    const { address } = this.#scratch;
    return NtRemoveIoCompletionEx(this.port, address, 1, address + 40, timeout.address, 0);
  }

  /** Takes one packet off the port; undefined when none comes in time. */
  next(timeoutMs: number): Packet | undefined {
    if (this.#remove(timeoutMs) !== STATUS_SUCCESS) return undefined;
    const entry = new FILE_IO_COMPLETION_INFORMATION(this.#scratch, 0);
    const { Status, Information } = entry.IoStatusBlock;
    const apcContext = entry.ApcContext;
    const poll = [...this.#polls].find(({ iosb }) => BigInt(iosb.address) === apcContext);
    return { apcContext, poll, status: ntStatusName(Status), information: Information };
  }

  /** What one poll reports: arms it, takes its packet, and forgets it. Undefined if it is silent. */
  async poll(skt: PolledSocket, mask: number, limitMs = 150): Promise<Reported[] | undefined> {
    const { poll } = this.arm(skt, mask);
    const packet = await this.wait(limitMs);
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

  /** Asks the kernel to end a poll. @returns the status by name. */
  cancel(poll: Poll): string {
    return ntStatusName(NtCancelIoFileEx(this.afd, poll.iosb.address, this.#scratch.address + 64));
  }

  /** Ends a poll if need be, takes its packet, and gives its memory back. */
  end(poll: Poll): void {
    if (!this.#polls.has(poll)) return;
    if (poll.isPending) this.cancel(poll);
    for (let count = 0; count < 200 && poll.isPending; count += 1) this.next(10);
    if (poll.isPending) throw new Error('the kernel does not let go of a poll');
    this.next(0);
    this.#polls.delete(poll);
    poll.memory.free();
  }

  /** Ends every poll, and closes both handles. */
  close(): void {
    for (const poll of [...this.#polls]) this.end(poll);
    NtClose(this.afd);
    this.closePort();
  }

  /** As {@link close}, where the handle of AFD is closed and no poll is left. */
  closePort(): void {
    NtClose(this.port);
    this.forget();
  }

  /** Where both handles are closed and no poll is left. */
  forget(): void {
    this.#scratch.free();
  }
}
