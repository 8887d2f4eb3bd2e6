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
  type AcceptStageOptions,
  acceptMask,
  ClientThread,
  Deadline,
  hex,
  type PollParameters,
  Proof,
  printLine,
  type Verdict,
} from 'poc-kit';
import { type Skt, SocketCreator, TCPServerAddress, wouldBlock } from 'tofu-sockets';

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
  protected readonly options: AcceptStageOptions;
  protected readonly proof: Proof;
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
  #listener: Skt | undefined;
  #accepted: Skt | undefined;
  #client: ClientThread | undefined;
  #isPacketDue = false;
  #isClosed = false;

  constructor(options: AcceptStageOptions = {}) {
    this.options = options;
    this.proof = new Proof(stage1Iocp.name, stage1Iocp.claim, options.print ?? printLine);
  }

  /** Runs the stage to its verdict. Blocks this thread until the client came or the time is over. */
  run(): Verdict {
    const { proof } = this;
    return proof.conclude(() => {
      this.#listen();
      this.#createPort();
      this.#associate();
      this.#arm();
      proof.require('before any client, a wait of 100 ms', this.#remove(100), 'STATUS_TIMEOUT');

      const client = this.startClient();
      proof.require('the wait for the client', this.#waitForClient(), 'STATUS_SUCCESS');

      const { iosb } = this.poll as AcceptPoll;
      proof.expect('packets removed', this.#scratch.readU32(this.#removedOffset), 1);
      proof.expect('KeyContext', hex(this.#entry.KeyContext), hex(completionKey));
      proof.expect('ApcContext', hex(this.#entry.ApcContext), hex(iosb.address));
      proof.expect('IoStatus.Status of the packet', hex(this.#entry.IoStatus.Status), '0x0');
      this.judge();
      this.#accept(client);
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

  /** Lets the client come. Its own end is known once it connected; of a stranger's never. */
  protected startClient(): ClientThread | undefined {
    const { host, port } = (this.#listener as Skt).localEndpoint();
    if (this.options.external) {
      this.proof.note(`waiting for your client: nc ${host} ${port}`);
      return undefined;
    }
    this.#client?.connect({ host, port });
    return this.#client;
  }

  /** Holds what the kernel left in the block against what an accept leaves there. */
  protected judge(): void {
    this.poll?.judge(this.proof);
  }

  #listen(): void {
    if (!this.options.external) this.#client = new ClientThread();
    const address = new TCPServerAddress('127.0.0.1', this.options.port ?? 0);
    this.#listener = new SocketCreator().fromAddress(address);
    this.base = this.#listener.baseHandle();
    this.proof.note(`listening on 127.0.0.1 port ${this.#listener.localEndpoint().port}`);
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

  #waitForClient(): string {
    const { external, waitLimitMs = external ? 120_000 : 10_000 } = this.options;
    const deadline = new Deadline(waitLimitMs);
    for (;;) {
      const status = this.#remove(Math.min(deadline.remainingMs, 10_000));
      if (status !== 'STATUS_TIMEOUT' || deadline.isOver) return status;
      this.proof.note(`still waiting, for ${Math.ceil(deadline.remainingMs / 1_000)} s more`);
    }
  }

  #accept(client: ClientThread | undefined): void {
    const accepted = (this.#listener as Skt).accept();
    const seen = accepted === wouldBlock ? 'would block' : 'a connection';
    this.proof.require('accept', seen, 'a connection');
    if (accepted === wouldBlock) return;
    this.#accepted = accepted;
    const peer = accepted.peerEndpoint();
    const from = `${peer.host}:${peer.port}`;
    if (client === undefined) {
      this.proof.note(`accepted a connection from ${from}`);
      return;
    }
    const local = client.localEndpoint();
    this.proof.expect('accepted from the client', from, `${local.host}:${local.port}`);
  }

  /**
   * Ends the request, if it is still pending, and waits for its packet; then closes everything and
   * gives the memory back. Idempotent. Memory that the kernel does not let go is not freed.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#client?.close();
    const isSettled = this.#settle();
    this.#accepted?.close();
    this.#listener?.close();
    if (this.port !== 0) NtClose(this.port);
    if (isSettled) this.poll?.free();
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
