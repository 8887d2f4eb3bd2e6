import {
  AFD_POLL_INFO,
  allocate,
  FILE_IO_COMPLETION_INFORMATION,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  IO_STATUS_BLOCK,
  IOCTL_AFD_POLL,
  isNtSuccess,
  LARGE_INTEGER,
  NtCancelIoFileEx,
  NtClose,
  NtCreateIoCompletion,
  NtDeviceIoControlFile,
  NtRemoveIoCompletionEx,
  NtStatusError,
  ntStatusName,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_SUCCESS,
} from 'ntdllx';
import { CreateIoCompletionPort, lastWin32Error } from 'ntdllx/kernel32';
import {
  AcceptPoll,
  AcceptScene,
  type AcceptStageOptions,
  acceptMask,
  Deadline,
  hex,
  type PollParameters,
  Proof,
  printLine,
  type Verdict,
} from 'poc-kit';

/** The names of this stage. */
export const stage1Iocp = {
  name: 'stage 1 iocp',
  claim: 'AFD_POLL_ACCEPT arrives on the completion port alone: Event = null, ApcContext = &iosb',
} as const;

/** The key that packets of this socket carry. */
const completionKey = 0;

/**
 * A listener, a port, one AFD_POLL on the listener's own base handle. Before a client there is no
 * packet; then exactly one, which says AFD_POLL_ACCEPT, and the accept is real.
 *
 * There is no event anywhere.
 */
export class Stage1AcceptIocp {
  protected readonly proof: Proof;
  /** The listener, the client and the accept. */
  protected readonly scene: AcceptScene;
  /** The listening socket's own handle, as AFD knows it; 0 before {@link run}. */
  protected base: HANDLE = 0;
  protected port: HANDLE = 0;
  /** The block of the one request. The kernel's from arming to completion. */
  protected poll: AcceptPoll | undefined;

  readonly #scratch = allocate(FILE_IO_COMPLETION_INFORMATION.layout.size + 32);
  readonly #entry = new FILE_IO_COMPLETION_INFORMATION(this.#scratch, 0);
  readonly #removedOffset = 32;
  readonly #timeout = new LARGE_INTEGER(this.#scratch, 40);
  readonly #cancelIosb = new IO_STATUS_BLOCK(this.#scratch, 48);
  #isPacketDue = false;
  #isClosed = false;

  constructor(options: AcceptStageOptions = {}) {
    this.proof = new Proof(stage1Iocp.name, stage1Iocp.claim, options.print ?? printLine);
    this.scene = new AcceptScene(this.proof, options);
  }

  /** Runs the stage to its verdict. Blocks this thread until the client came or the time is over. */
  run(): Verdict {
    if (this.#isClosed) throw new Error('This stage is closed: construct another one.');
    const { proof } = this;
    return proof.conclude(() => {
      this.base = this.scene.listen();
      this.#createPort();
      this.#associate();
      this.#arm();
      proof.require('before any client, a wait of 100 ms', this.#remove(100), 'STATUS_TIMEOUT');

      this.startClient();
      const woken = this.scene.waitForClient((ms) => this.#remove(ms), 'STATUS_TIMEOUT');
      proof.require('the wait for the client', woken, 'STATUS_SUCCESS');

      const { iosb } = this.poll as AcceptPoll;
      proof.expect('packets removed', this.#scratch.readU32(this.#removedOffset), 1);
      proof.expect('KeyContext', hex(this.#entry.KeyContext), hex(completionKey));
      proof.expect('ApcContext', hex(this.#entry.ApcContext), hex(iosb.address));
      proof.expect('IoStatus.Status of the packet', hex(this.#entry.IoStatus.Status), '0x0');
      this.judge();
      this.scene.accept();
      proof.expect('after it, a wait of 0 ms', this.#remove(0), 'STATUS_TIMEOUT');
    });
  }

  /** The parameter table of the request, by NT's names. */
  protected pollParameters({ iosb, info }: AcceptPoll): PollParameters {
    return {
      FileHandle: this.base,
      Event: 0,
      ApcRoutine: 0,
      ApcContext: iosb.address,
      IoStatusBlock: iosb.address,
      IoControlCode: IOCTL_AFD_POLL,
      InputBuffer: info.address,
      InputBufferLength: AFD_POLL_INFO.byteLength(1),
      OutputBuffer: info.address,
      OutputBufferLength: AFD_POLL_INFO.byteLength(1),
    };
  }

  /** The request's block, filled in but not yet the kernel's. */
  protected preparePoll(): AcceptPoll {
    return new AcceptPoll(this.base, acceptMask);
  }

  /** Lets the client come; returns before it does. */
  protected startClient(): void {
    this.scene.startClient();
  }

  /** Holds what the kernel left in the block against what an accept leaves there. */
  protected judge(): void {
    this.poll?.judge(this.proof);
  }

  #createPort(): void {
    const status = NtCreateIoCompletion(this.#scratch.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    requireNtSuccess('NtCreateIoCompletion', status);
    this.port = Number(this.#scratch.readU64(0));
  }

  #associate(): void {
    if (CreateIoCompletionPort(this.base, this.port, completionKey, 0) === 0) {
      throw lastWin32Error('CreateIoCompletionPort');
    }
  }

  #arm(): void {
    const poll = this.preparePoll();
    const p = this.pollParameters(poll);
    const status = NtDeviceIoControlFile(
      p.FileHandle,
      p.Event,
      p.ApcRoutine,
      p.ApcContext,
      p.IoStatusBlock,
      p.IoControlCode,
      p.InputBuffer,
      p.InputBufferLength,
      p.OutputBuffer,
      p.OutputBufferLength,
    );
    if (!isNtSuccess(status)) {
      // Refused: there is no request and will be no packet, so the block is still ours.
      poll.free();
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
    this.poll = poll;
    this.#isPacketDue = p.ApcContext !== 0;
    this.proof.expect('NtDeviceIoControlFile', ntStatusName(status), 'STATUS_PENDING');
  }

  /** One NtRemoveIoCompletionEx for one packet; blocks. Returns the status by name. */
  #remove(timeoutMs: number): string {
    this.#timeout.QuadPart = relativeTimeout100ns(timeoutMs);
    const status = NtRemoveIoCompletionEx(
      this.port,
      this.#entry.address,
      1,
      this.#scratch.address + this.#removedOffset,
      this.#timeout.address,
      0,
    );
    const { poll } = this;
    if (status === STATUS_SUCCESS && poll !== undefined && !poll.isPending) {
      if (this.#entry.ApcContext === BigInt(poll.iosb.address)) this.#isPacketDue = false;
    }
    return ntStatusName(status);
  }

  /**
   * Ends the request, if it is still pending, and waits for its packet; then closes everything and
   * gives the memory back. Idempotent. Memory that the kernel does not let go is not freed.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const isSettled = this.#settle();
    this.scene.close();
    if (this.port !== 0) NtClose(this.port);
    if (isSettled) this.poll?.free();
    else this.proof.note('the kernel did not let go of the request: its memory stays allocated');
    this.#scratch.free();
  }

  // The block is ours again when its status was written and its packet, if one is due, was taken.
  #settle(): boolean {
    const { poll } = this;
    if (poll === undefined) return true;
    if (poll.isPending) {
      NtCancelIoFileEx(this.base, poll.iosb.address, this.#cancelIosb.address);
    }
    const isOurs = () => !poll.isPending && !this.#isPacketDue;
    const deadline = new Deadline(2_000);
    while (!isOurs() && !deadline.isOver) this.#remove(10);
    return isOurs();
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: AcceptStageOptions = {}): Verdict {
  const stage = new Stage1AcceptIocp(options);
  try {
    return stage.run();
  } finally {
    stage.close();
  }
}
