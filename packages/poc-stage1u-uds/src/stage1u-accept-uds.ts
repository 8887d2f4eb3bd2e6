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
  AcceptPoll,
  acceptMask,
  ClientThread,
  Deadline,
  Proof,
  printLine,
  runAll,
  runStage,
  type StageOptions,
  StagePort,
  type Verdict,
  whereSupported,
} from 'poc-kit';
import {
  type ListenerSkt,
  type Skt,
  SocketCreator,
  type TCPClientAddress,
  temporaryUDSPath,
  UDSClientAddress,
  UDSServerAddress,
  udsPathState,
  wouldBlock,
} from 'tofu-sockets';

/** The names of this stage. */
export const stage1u = {
  name: 'stage 1u uds',
  claim: 'AFD_POLL_ACCEPT arrives on the completion port for a Unix domain socket, too',
} as const;

/** The time limit for one wait. */
const waitLimitMs = 10_000;
const pollBytes = AFD_POLL_INFO.byteLength(1);
/**
 * What the client sends. The server identifies the accepted connection by it, because AF_UNIX
 * sockets have no port.
 */
const message = 'Tofu Engine';

/**
 * Stage 1 over AF_UNIX: submits one AFD_POLL on the handle of a listener, and a client connects to
 * the listener's path. On a host without AF_UNIX the verdict is `unsupported`.
 */
export class Stage1uAcceptUds {
  protected readonly proof: Proof;
  /**
   * The path at which the listener creates its file. The listener removes the file when it is
   * closed.
   */
  protected path = '';
  readonly #limitMs: number;
  readonly #cancelIosb = allocate(IO_STATUS_BLOCK.layout.size);
  #port: StagePort | undefined;
  #listener: ListenerSkt | undefined;
  #accepted: Skt | undefined;
  #client: ClientThread | undefined;
  #base: HANDLE = 0;
  /** The block of the request. The kernel owns it from the submit to the completion. */
  #poll: AcceptPoll | undefined;
  #isClosed = false;

  constructor(options: StageOptions = {}) {
    this.proof = new Proof(stage1u.name, stage1u.claim, options.print ?? printLine);
    this.#limitMs = options.waitLimitMs ?? waitLimitMs;
  }

  /**
   * Runs the stage to its verdict. Blocks this thread until the client connects or the time is
   * over.
   */
  run(): Verdict {
    if (this.#isClosed) throw new Error('This stage is closed: construct another one.');
    const { proof } = this;
    return proof.conclude(() => {
      const listener = this.#listen();
      this.#base = listener.baseHandle();
      this.#port = new StagePort();
      this.#port.associate(this.#base);
      this.#arm();
      proof.require('before any client, packets in 100 ms', this.#remove(100), 0);

      this.#client = new ClientThread();
      this.#client.connect(this.clientAddress(listener));
      proof.require('packets after the client connects', this.#remove(this.#limitMs), 1);
      proof.expect('it is the packet of this request', String(this.#poll?.isPacketDue), 'false');
      this.#poll?.judge(proof);
      this.#accept(listener, this.#client);
      proof.expect('after the packet, packets in 100 ms', this.#remove(100), 0);

      this.noteFile();
      listener.close();
      this.judgeFile();
    });
  }

  /** Creates the listener. @throws {SktError} `ERR_SKT_UNSUPPORTED` on a host without AF_UNIX. */
  protected createListener(): ListenerSkt {
    this.path = temporaryUDSPath();
    return new SocketCreator().fromAddress(new UDSServerAddress(this.path));
  }

  /** The address that the client connects to. */
  protected clientAddress(_listener: ListenerSkt): UDSClientAddress | TCPClientAddress {
    return new UDSClientAddress(this.path);
  }

  /**
   * Notes what is at the path of an open listener. It is not a check, because the behaviour of
   * Windows for such a file is unverified.
   */
  protected noteFile(): void {
    this.proof.note(`the path, while the listener is open: ${udsPathState(this.path)}`);
  }

  /** Checks that closing the listener has removed its file. */
  protected judgeFile(): void {
    this.proof.expect('the path, after the close', udsPathState(this.path), 'free');
  }

  #listen(): ListenerSkt {
    this.#listener = whereSupported(this.proof, () => this.createListener());
    return this.#listener;
  }

  #arm(): void {
    const poll = new AcceptPoll(this.#base, acceptMask);
    this.#poll = poll;
    const [iosb, info] = [poll.iosb.address, poll.info.address];
    poll.handOver(true);
    // Event and ApcRoutine 0, ApcContext the address of the IO_STATUS_BLOCK, one buffer in and out.
    const status = NtDeviceIoControlFile(
      this.#base,
      0,
      0,
      iosb,
      iosb,
      IOCTL_AFD_POLL,
      info,
      pollBytes,
      info,
      pollBytes,
    );
    if (isNtError(status)) {
      poll.takeBack();
      throw new NtStatusError('NtDeviceIoControlFile', status);
    }
    this.proof.expect('NtDeviceIoControlFile', ntStatusName(status), 'STATUS_PENDING');
  }

  /** Removes packets; blocks for at most this time. @returns how many arrived. */
  #remove(timeoutMs: number): number {
    const contexts = this.#port?.remove(timeoutMs) ?? [];
    const poll = this.#poll;
    if (poll !== undefined && contexts.includes(poll.iosb.address) && !poll.isPending) {
      poll.isPacketDue = false;
    }
    return contexts.length;
  }

  /** Accepts: a connection must exist, and it must receive what the client sent. */
  #accept(listener: ListenerSkt, client: ClientThread): void {
    const accepted = listener.accept();
    const seen = accepted === wouldBlock ? 'would block' : 'a connection';
    this.proof.require('accept', seen, 'a connection');
    if (accepted === wouldBlock) return;
    this.#accepted = accepted;
    client.say(message);
    const buffer = Buffer.alloc(64);
    let count = accepted.recv(buffer);
    for (const deadline = new Deadline(this.#limitMs); count === wouldBlock; ) {
      if (deadline.isOver) break;
      this.#port?.remove(1);
      count = accepted.recv(buffer);
    }
    const received = count === wouldBlock ? 'nothing' : buffer.toString('utf8', 0, count);
    this.proof.expect('the accepted connection sent', received, message);
  }

  /**
   * Cancels the request if it is still pending, removes its packet, closes everything and frees
   * the memory. Closing the listener removes its file. Idempotent.
   *
   * @throws {Error} when the request does not complete in time; its memory then stays allocated.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    runAll([
      () => this.#cancel(),
      () => this.#drain(),
      () => this.#client?.close(),
      () => this.#accepted?.close(),
      // Closing the socket also completes the request, in case the cancel has failed.
      () => this.#listener?.close(),
      () => this.#drain(),
      () => this.#port?.close(),
      () => this.#cancelIosb.free(),
      () => this.#poll?.free(),
    ]);
  }

  #cancel(): void {
    if (this.#poll?.isPending !== true) return;
    const { address } = this.#poll.iosb;
    const status = NtCancelIoFileEx(this.#base, address, this.#cancelIosb.address);
    // STATUS_NOT_FOUND: the request completed just before the cancel.
    if (status !== STATUS_NOT_FOUND) requireNtSuccess('NtCancelIoFileEx', status);
  }

  /**
   * Waits, with a time limit, until the block is ours: its status is written and its packet is
   * removed.
   */
  #drain(): void {
    const deadline = new Deadline(2_000);
    while (this.#poll?.isOurs === false && !deadline.isOver) this.#remove(10);
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: StageOptions = {}): Verdict {
  return runStage(new Stage1uAcceptUds(options));
}
