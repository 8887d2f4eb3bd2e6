import {
  AFD_POLL_INFO,
  allocate,
  FILE_IO_COMPLETION_INFORMATION,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  IO_STATUS_BLOCK,
  IOCTL_AFD_POLL,
  isNtError,
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
  STATUS_NOT_FOUND,
  STATUS_SUCCESS,
} from 'ntdllx';
import { CreateIoCompletionPort, lastWin32Error } from 'ntdllx/kernel32';
import {
  AcceptPoll,
  AcceptSetup,
  type AcceptStageOptions,
  acceptMask,
  Deadline,
  hex,
  type PollParameters,
  Proof,
  printLine,
  runStage,
  type Verdict,
} from 'poc-kit';

/** The names of this stage. */
export const stage1Iocp = {
  name: 'stage 1 iocp',
  claim: 'AFD_POLL_ACCEPT arrives on the completion port alone: Event = null, ApcContext = &iosb',
} as const;

/** The size of the input and of the output of a poll with one socket. */
const pollBytes = AFD_POLL_INFO.byteLength(1);

/** The completion key of this socket's packets. */
const completionKey = 0;

/**
 * Submits one AFD_POLL on a listener's own base handle, which is associated with a port. No packet
 * may arrive before a client connects. Then exactly one must arrive, its request must report
 * AFD_POLL_ACCEPT, and the accept must succeed.
 *
 * No event is used.
 */
export class Stage1AcceptIocp {
  protected readonly proof: Proof;
  /** The listener, the client and the accept. */
  protected readonly setup: AcceptSetup;
  /** The base handle of the listening socket; 0 before {@link run}. */
  protected base: HANDLE = 0;
  protected port: HANDLE = 0;
  /** The block of the request. The kernel owns it from the submit to the completion. */
  protected poll: AcceptPoll | undefined;

  readonly #scratch = allocate(FILE_IO_COMPLETION_INFORMATION.layout.size + 32);
  readonly #entry = new FILE_IO_COMPLETION_INFORMATION(this.#scratch, 0);
  readonly #removedOffset = 32;
  readonly #timeout = new LARGE_INTEGER(this.#scratch, 40);
  readonly #cancelIosb = new IO_STATUS_BLOCK(this.#scratch, 48);
  #isClosed = false;

  constructor(options: AcceptStageOptions = {}) {
    this.proof = new Proof(stage1Iocp.name, stage1Iocp.claim, options.print ?? printLine);
    this.setup = new AcceptSetup(this.proof, options);
  }

  /**
   * Runs the stage to its verdict. Blocks this thread until the client connects or the time is
   * over.
   */
  run(): Verdict {
    if (this.#isClosed) throw new Error('This stage is closed: construct another one.');
    const { proof } = this;
    return proof.conclude(() => {
      this.base = this.setup.listen();
      this.#createPort();
      this.#associate();
      this.#arm();
      proof.require('before any client, a wait of 100 ms', this.#remove(100), 'STATUS_TIMEOUT');

      this.startClient();
      const woken = this.setup.waitForClient((ms) => this.#remove(ms), 'STATUS_TIMEOUT');
      proof.require('the wait for the client', woken, 'STATUS_SUCCESS');

      this.#judgePacket();
      this.poll?.judge(proof);
      this.setup.accept();
      proof.expect('after the packet, a wait of 100 ms', this.#remove(100), 'STATUS_TIMEOUT');
    });
  }

  /** The parameters of the request, by NT's names. */
  protected pollParameters({ iosb, info }: AcceptPoll): PollParameters {
    return {
      FileHandle: this.base,
      Event: 0,
      ApcRoutine: 0,
      ApcContext: iosb.address,
      IoStatusBlock: iosb.address,
      IoControlCode: IOCTL_AFD_POLL,
      InputBuffer: info.address,
      InputBufferLength: pollBytes,
      OutputBuffer: info.address,
      OutputBufferLength: pollBytes,
    };
  }

  /** Creates the request's block and fills it in. The kernel does not own it yet. */
  protected preparePoll(): AcceptPoll {
    return new AcceptPoll(this.base, acceptMask);
  }

  /** Makes the client connect. Returns before it has connected. */
  protected startClient(): void {
    this.setup.startClient();
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
    this.poll = poll;
    const p = this.pollParameters(poll);
    poll.handOver(p.ApcContext !== 0);
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
    if (isNtError(status)) {
      // NT refused: no request exists and no packet will arrive, so the block is still ours.
      poll.takeBack();
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
    this.proof.expect('NtDeviceIoControlFile', ntStatusName(status), 'STATUS_PENDING');
  }

  /** Compares the packet with the request that it must belong to. */
  #judgePacket(): void {
    const { proof } = this;
    const { KeyContext, ApcContext, IoStatusBlock } = this.#entry;
    const { iosb } = this.poll as AcceptPoll;
    proof.expect('packets removed', this.#scratch.readU32(this.#removedOffset), 1);
    proof.expect('KeyContext', hex(KeyContext), hex(completionKey), 'the key of this socket');
    proof.expect('ApcContext', hex(ApcContext), hex(iosb.address), 'the address of the IOSB');
    proof.expect('Status of the packet', hex(IoStatusBlock.Status), '0x0', 'STATUS_SUCCESS');
    proof.expect(
      'Information of the packet',
      IoStatusBlock.Information,
      pollBytes,
      'bytes that the kernel wrote',
    );
  }

  /** One NtRemoveIoCompletionEx for one packet; blocks. Returns the status by name. */
  #remove(timeoutMs: number): string {
    // No packet has these values, so the values that are read afterwards were written by this
    // call.
    this.#scratch.fill(0xff);
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
    // If the request is still pending, a packet with its ApcContext was posted by another program.
    if (status === STATUS_SUCCESS && poll !== undefined && !poll.isPending) {
      if (this.#entry.ApcContext === BigInt(poll.iosb.address)) poll.isPacketDue = false;
    }
    return ntStatusName(status);
  }

  /**
   * Cancels the request if it is still pending, removes its packet, closes everything and frees
   * the memory. Idempotent.
   *
   * @throws {Error} when the request does not complete in time; its memory then stays allocated.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#cancel();
      this.#drain();
    } finally {
      try {
        // Closing the socket also completes the request, in case the cancel has failed.
        this.setup.close();
      } finally {
        this.#drain();
        if (this.port !== 0) NtClose(this.port);
        this.#scratch.free();
        this.poll?.free();
      }
    }
  }

  #cancel(): void {
    if (this.poll?.isPending !== true) return;
    const { iosb } = this.poll;
    const status = NtCancelIoFileEx(this.base, iosb.address, this.#cancelIosb.address);
    // STATUS_NOT_FOUND: the request completed just before the cancel.
    if (status !== STATUS_NOT_FOUND) requireNtSuccess('NtCancelIoFileEx', status);
  }

  /**
   * Waits, with a time limit, until the block is ours: its status is written and its packet is
   * removed.
   */
  #drain(): void {
    const { poll } = this;
    const deadline = new Deadline(2_000);
    while (poll?.isOurs === false) {
      const status = this.#remove(10);
      if (deadline.isOver || (status !== 'STATUS_TIMEOUT' && status !== 'STATUS_SUCCESS')) return;
    }
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: AcceptStageOptions = {}): Verdict {
  return runStage(new Stage1AcceptIocp(options));
}
