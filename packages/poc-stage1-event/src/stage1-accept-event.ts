import {
  AFD_POLL_INFO,
  allocate,
  type HANDLE,
  IO_STATUS_BLOCK,
  IOCTL_AFD_POLL,
  isNtError,
  NtCancelIoFileEx,
  NtDeviceIoControlFile,
  NtStatusError,
  ntStatusName,
  requireNtSuccess,
  STATUS_NOT_FOUND,
} from 'ntdllx';
import {
  CloseHandle,
  CreateEventA,
  lastWin32Error,
  WAIT_FAILED,
  WAIT_OBJECT_0,
  WAIT_TIMEOUT,
  WaitForSingleObject,
} from 'ntdllx/kernel32';
import {
  AcceptPoll,
  AcceptSetup,
  type AcceptStageOptions,
  acceptMask,
  Deadline,
  type PollParameters,
  Proof,
  printLine,
  runStage,
  type StageNames,
  type Verdict,
} from 'poc-kit';
import type { UDSServerAddress } from 'tofu-sockets';

/** The names of this stage. */
export const stage1Event = {
  name: 'stage 1 event',
  claim: 'AFD_POLL_ACCEPT sets the event of the request: ApcContext = null, no port at all',
} as const;

/** The size of the input and of the output of a poll with one socket. */
const pollBytes = AFD_POLL_INFO.byteLength(1);

const waitNames = new Map([
  [WAIT_OBJECT_0, 'WAIT_OBJECT_0'],
  [WAIT_TIMEOUT, 'WAIT_TIMEOUT'],
]);

/**
 * Submits one AFD_POLL on a listener's own base handle, with an event. The event must not be set
 * before a client connects. Then it must be set, the request must report AFD_POLL_ACCEPT, and the
 * accept must succeed.
 *
 * No completion port is used.
 */
export class Stage1AcceptEvent {
  protected readonly proof: Proof;
  /** The listener, the client and the accept. */
  protected readonly setup: AcceptSetup;
  /** The base handle of the listening socket; 0 before {@link run}. */
  protected base: HANDLE = 0;
  protected event: HANDLE = 0;
  /** The block of the request. The kernel owns it from the submit to the completion. */
  protected poll: AcceptPoll | undefined;

  #isClosed = false;

  /**
   * @param names and address for a variant; default: the names of this stage, and the loopback
   *   address.
   */
  constructor(
    options: AcceptStageOptions = {},
    names: StageNames = stage1Event,
    address?: UDSServerAddress,
  ) {
    this.proof = new Proof(names.name, names.claim, options.print ?? printLine);
    this.setup = new AcceptSetup(this.proof, options, address);
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
      this.#createEvent();
      this.#arm();
      proof.require('before any client, a wait of 100 ms', this.#wait(100), 'WAIT_TIMEOUT');

      this.startClient();
      const woken = this.setup.waitForClient((ms) => this.#wait(ms), 'WAIT_TIMEOUT');
      proof.require('the wait for the client', woken, 'WAIT_OBJECT_0');

      this.poll?.judge(proof);
      this.setup.accept();
    });
  }

  /** The parameters of the request, by NT's names. */
  protected pollParameters({ iosb, info }: AcceptPoll): PollParameters {
    return {
      FileHandle: this.base,
      Event: this.event,
      ApcRoutine: 0,
      ApcContext: 0,
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

  #createEvent(): void {
    const [manualReset, initiallySet] = [1, 0];
    this.event = CreateEventA(0, manualReset, initiallySet, 0);
    if (this.event === 0) throw lastWin32Error('CreateEventA');
  }

  #arm(): void {
    const poll = this.preparePoll();
    this.poll = poll;
    const p = this.pollParameters(poll);
    poll.handOver(false);
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
      // NT refused: no request exists and the event stays unset, so the block is still ours.
      poll.takeBack();
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
    this.proof.expect('NtDeviceIoControlFile', ntStatusName(status), 'STATUS_PENDING');
  }

  /** One WaitForSingleObject on the event; blocks. Returns the result by name. */
  #wait(timeoutMs: number): string {
    const result = WaitForSingleObject(this.event, Math.ceil(timeoutMs));
    if (result === WAIT_FAILED) throw lastWin32Error('WaitForSingleObject');
    return waitNames.get(result) ?? String(result);
  }

  /**
   * Cancels the request if it is still pending, closes everything and frees the memory.
   * Idempotent.
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
        if (this.event !== 0) CloseHandle(this.event);
        this.poll?.free();
      }
    }
  }

  #cancel(): void {
    if (this.poll?.isPending !== true) return;
    const iosb = allocate(IO_STATUS_BLOCK.layout.size);
    const status = NtCancelIoFileEx(this.base, this.poll.iosb.address, iosb.address);
    iosb.free();
    // STATUS_NOT_FOUND: the request completed just before the cancel.
    if (status !== STATUS_NOT_FOUND) requireNtSuccess('NtCancelIoFileEx', status);
  }

  /**
   * Waits, with a time limit, until the block is ours. The event alone does not prove that,
   * because other code may set it.
   */
  #drain(): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const deadline = new Deadline(2_000);
    while (this.poll?.isOurs === false && !deadline.isOver) Atomics.wait(pause, 0, 0, 1);
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: AcceptStageOptions = {}): Verdict {
  return runStage(new Stage1AcceptEvent(options));
}
