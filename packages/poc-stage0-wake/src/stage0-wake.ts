import {
  allocate,
  FILE_IO_COMPLETION_INFORMATION,
  type HANDLE,
  IO_COMPLETION_ALL_ACCESS,
  LARGE_INTEGER,
  type NTSTATUS,
  NtClose,
  NtCreateIoCompletion,
  NtRemoveIoCompletionEx,
  ntStatusName,
  relativeTimeout100ns,
  requireNtSuccess,
  STATUS_UNSUCCESSFUL,
} from 'ntdllx';
import {
  HelperThread,
  hex,
  Proof,
  printLine,
  runStage,
  type StageOptions,
  type Verdict,
} from 'poc-kit';
import { takeWakeFigures, wakeFigures } from './wake-figures.js';

/** The four values of a packet. They are chosen to show that all 64 bits of each arrive. */
export interface WakePacket {
  readonly key: bigint;
  readonly context: bigint;
  readonly status: NTSTATUS;
  readonly information: bigint;
}

/** The other thread's task: post this packet to that port. */
export interface WakeTask {
  readonly port: HANDLE;
  readonly packet: WakePacket;
  /** How many packets to post, each with an ApcContext that is greater by 1; default: 1. */
  readonly count?: number;
}

const packet: WakePacket = {
  key: 0x1111_2222_dead_beefn,
  context: 0x5555_6666_7777_8888n,
  status: 0xc000_0120,
  information: 0x99aa_bbcc_ddee_ff00n,
};

/** The names that tofu gave this stage. */
export const stage0 = {
  name: 'stage 0 wake',
  claim: 'NtSetIoCompletion from another thread wakes NtRemoveIoCompletionEx, values unchanged',
} as const;

/**
 * Waits three times on a port. The first wait times out. Then another thread posts a packet, and
 * the second wait returns exactly that packet. The third wait times out again.
 */
export class Stage0Wake {
  readonly #proof: Proof;
  readonly #waitLimitMs: number;
  readonly #isThorough: boolean;
  readonly #wait = allocate(FILE_IO_COMPLETION_INFORMATION.layout.size + 16);
  readonly #entry = new FILE_IO_COMPLETION_INFORMATION(this.#wait, 0);
  readonly #removed = FILE_IO_COMPLETION_INFORMATION.layout.size;
  readonly #timeout = new LARGE_INTEGER(this.#wait, this.#removed + 8);
  #port: HANDLE = 0;
  #waker: HelperThread<WakeTask, NTSTATUS> | undefined;
  #postsUnderWay = 0;
  #isClosed = false;

  constructor(options: StageOptions = {}) {
    this.#waitLimitMs = options.waitLimitMs ?? 10_000;
    this.#isThorough = options.isThorough ?? false;
    this.#proof = new Proof(stage0.name, stage0.claim, options.print ?? printLine);
  }

  /**
   * Runs the stage to its verdict. Blocks this thread until the packet arrives or the time is
   * over.
   */
  run(): Verdict {
    if (this.#isClosed) throw new Error('This stage is closed: construct another one.');
    const proof = this.#proof;
    return proof.conclude(() => {
      this.#createPort();
      this.#waker = new HelperThread<WakeTask, NTSTATUS>(
        new URL('./waker.js', import.meta.url),
      ).ready();

      proof.require('before the wake, a wait of 100 ms', this.#remove(100), 'STATUS_TIMEOUT');
      this.wake(packet);
      proof.require('the wait for the packet', this.#remove(this.#waitLimitMs), 'STATUS_SUCCESS');
      proof.expect('packets removed', this.#wait.readU32(this.#removed), 1);
      proof.expect('KeyContext', hex(this.#entry.KeyContext), hex(packet.key), 'as posted');
      proof.expect('ApcContext', hex(this.#entry.ApcContext), hex(packet.context), 'as posted');
      const { Status, Information } = this.#entry.IoStatusBlock;
      proof.expect('IoStatusBlock.Status', hex(Status), hex(packet.status), 'as posted');
      proof.expect(
        'IoStatusBlock.Information',
        hex(Information),
        hex(packet.information),
        'as posted',
      );
      proof.expect('NtSetIoCompletion', this.#posted(), 'STATUS_SUCCESS');
      proof.expect('after the wake, a wait of 100 ms', this.#remove(100), 'STATUS_TIMEOUT');
      if (this.#isThorough) this.#takeFigures();
    });
  }

  /** Makes the other thread post a packet. Returns before the packet is posted. */
  protected wake(posted: WakePacket): void {
    this.#postsUnderWay += 1;
    this.#waker?.send({ port: this.#port, packet: posted });
  }

  /**
   * Removes a packet from the port; blocks for at most this time. Returns false if no packet
   * arrived.
   */
  protected takePacket(timeoutMs: number): FILE_IO_COMPLETION_INFORMATION | false {
    return this.#remove(timeoutMs) === 'STATUS_SUCCESS' && this.#entry;
  }

  #takeFigures(): void {
    this.#proof.ask(wakeFigures);
    takeWakeFigures({
      proof: this.#proof,
      port: this.#port,
      remove: (timeoutMs) => this.takePacket(timeoutMs),
      limitMs: this.#waitLimitMs,
    });
  }

  /**
   * Waits for the result of the other thread's oldest unanswered call, and returns the status by
   * name.
   */
  #posted(): string {
    this.#postsUnderWay -= 1;
    return ntStatusName(this.#waker?.reply(this.#waitLimitMs) ?? STATUS_UNSUCCESSFUL);
  }

  /** Closes the port and frees the memory. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      // NT reuses the value of a closed handle, so no thread may still be about to post to it.
      while (this.#postsUnderWay > 0) this.#posted();
    } finally {
      this.#waker?.close();
      if (this.#port !== 0) NtClose(this.#port);
      this.#wait.free();
    }
  }

  #createPort(): void {
    // NT writes the handle into the buffer for packets. It is read before the first wait
    // overwrites it.
    const status = NtCreateIoCompletion(this.#wait.address, IO_COMPLETION_ALL_ACCESS, 0, 0);
    requireNtSuccess('NtCreateIoCompletion', status);
    this.#port = Number(this.#wait.readU64(0));
  }

  #remove(timeoutMs: number): string {
    // No packet has these values, so the values that are read afterwards were written by this
    // call.
    this.#wait.fill(0xff);
    this.#timeout.QuadPart = relativeTimeout100ns(timeoutMs);
    const status = NtRemoveIoCompletionEx(
      this.#port,
      this.#entry.address,
      1,
      this.#wait.address + this.#removed,
      this.#timeout.address,
      0,
    );
    return ntStatusName(status);
  }
}

/** Constructs, runs and closes the stage. */
export function runTest(options: StageOptions = {}): Verdict {
  return runStage(new Stage0Wake(options));
}
