import { basename } from 'node:path';
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { dropTrack, type TrackSetup, traceOnTrack, trackFor } from 'nt-trace';
import { Deadline } from './deadline.js';

// When one side sends, the other may be blocked in an NT wait, so neither can rely on its event
// loop. Messages are in a channel that is read synchronously, and `bells` counts them.
const toWorker = 0;
const toMain = 1;

interface Setup {
  readonly port: MessagePort;
  readonly bells: Int32Array;
  /** The track for the helper's calls while this thread is traced. */
  readonly track?: TrackSetup;
}

interface Reply<Out> {
  readonly value?: Out;
  readonly error?: string;
}

function receive<T>(
  port: MessagePort,
  bells: Int32Array,
  bell: number,
  limitMs: number,
): T | undefined {
  const deadline = new Deadline(limitMs);
  for (;;) {
    const heard = Atomics.load(bells, bell);
    const received = receiveMessageOnPort(port) as { message: T } | undefined;
    if (received !== undefined) return received.message;
    if (deadline.isOver) return undefined;
    Atomics.wait(bells, bell, heard, deadline.remainingMs);
  }
}

function send(port: MessagePort, bells: Int32Array, bell: number, message: unknown): void {
  port.postMessage(message);
  Atomics.add(bells, bell, 1);
  Atomics.notify(bells, bell);
}

/**
 * Another thread that processes one task after another while this thread waits in the kernel.
 * Every call of this class is synchronous.
 */
export class HelperThread<In, Out> {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #bells = new Int32Array(new SharedArrayBuffer(8));

  /**
   * Starts the script, which must call {@link serveHelper}, and returns at once, so that several
   * can start at the same time. Call {@link ready} before any other method.
   *
   * @throws {Error} if no worker can be created.
   */
  constructor(script: URL) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const track = trackFor(basename(script.pathname, '.js'));
    const setup: Setup = { port: port2, bells: this.#bells, ...(track && { track }) };
    const transferList = track === undefined ? [port2] : [port2, track.port];
    try {
      this.#worker = new Worker(script, { workerData: setup, transferList });
    } catch (error) {
      for (const port of [port1, port2]) port.close();
      if (track !== undefined) dropTrack(track);
      throw error;
    }
    // If the proof ends early, the helper must not keep the process alive.
    this.#worker.unref();
    // A helper that fails to start sends no answer, which is an error already. Its error event must
    // not also end the process.
    this.#worker.on('error', (error) => process.stderr.write(`helper thread: ${error.message}\n`));
  }

  /**
   * Blocks until the script is ready. The limit is only for a script that never becomes ready: the
   * time for loading its packages depends on the machine.
   *
   * @returns itself.
   * @throws {Error} if it does not become ready in time.
   */
  ready(limitMs = 60_000): this {
    this.reply(limitMs);
    return this;
  }

  /** Sends the helper its next task; returns at once. */
  send(task: In): void {
    send(this.#port, this.#bells, toWorker, { task });
  }

  /**
   * Blocks until the helper answers. Throws the helper's error, or an error if the time limit is
   * reached.
   */
  reply(limitMs: number): Out {
    const reply = receive<Reply<Out>>(this.#port, this.#bells, toMain, limitMs);
    if (reply === undefined)
      throw new Error(`The helper thread sent no answer within ${limitMs} ms.`);
    if (reply.error !== undefined) throw new Error(`In the helper thread: ${reply.error}`);
    return reply.value as Out;
  }

  /** Makes the helper end. */
  close(): void {
    send(this.#port, this.#bells, toWorker, {});
    this.#port.close();
  }
}

/**
 * The worker's side: call it at the top of the worker's script. Returns when the helper is closed.
 */
export function serveHelper<In, Out>(work: (task: In) => Out): void {
  const { port, bells, track } = workerData as Setup;
  const endTrace = track === undefined ? () => {} : traceOnTrack(track);
  send(port, bells, toMain, {});
  for (;;) {
    // The wait has a limit of a second, because a worker in a wait without a limit cannot be
    // terminated.
    const message = receive<{ task?: In }>(port, bells, toWorker, 1_000);
    if (message === undefined) continue;
    if (message.task === undefined) break;
    try {
      send(port, bells, toMain, { value: work(message.task) });
    } catch (error) {
      send(port, bells, toMain, { error: error instanceof Error ? error.message : String(error) });
    }
  }
  endTrace();
  port.close();
}
