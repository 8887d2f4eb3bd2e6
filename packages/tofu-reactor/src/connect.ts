import { type PreparedInterest, prepareInterest, type SocketEvent } from 'afd-poller';
import { WsaError } from 'ntdllx';
import { type ClientSkt, type Endpoint, wouldBlock } from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/on-kernel';
import type { ConnectAddress } from './addresses.js';
import type { Host } from './host.js';
import { type NodeError, nodeError, refusedError, timeoutError } from './node-errors.js';
import type { Source } from './turn-engine.js';

/** The default of {@link AttemptOptions.timeoutMs}. */
const attemptTimeoutMs = 250;

const connecting: PreparedInterest = prepareInterest({ connected: true, mode: 'oneshot' });

/**
 * The result of a connect attempt: a socket, and whether it is registered with the poller; or an
 * error.
 */
export interface AttemptResult {
  readonly skt?: ClientSkt;
  readonly isRegistered?: boolean;
  readonly error?: Error;
  /** True if the error is that {@link AttemptOptions.timeoutMs} was over. */
  readonly isTimeout?: boolean;
}

/** Options of the attempts of one connect; every option has a default. */
export interface AttemptOptions {
  /**
   * How long an address is tried if another one is left, in milliseconds; default: 250, as in
   * `node:net`.
   */
  readonly timeoutMs?: number;
  /** Called before each attempt. If it returns false, the connect is cancelled. */
  readonly onAttempt?: (address: ConnectAddress) => boolean;
  /**
   * Called with the result of each attempt that failed. If it returns false, the connect is
   * cancelled.
   */
  readonly onFailure?: (address: ConnectAddress, result: AttemptResult) => boolean;
}

/** One connect to one address. */
export class ConnectAttempt implements Source {
  readonly #address: ConnectAddress;
  readonly #local: Endpoint | undefined;
  readonly #onEnd: (result: AttemptResult) => void;
  #skt: ClientSkt | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param local the endpoint to bind to, if any. @param onEnd called once, unless the attempt is
   *   cancelled. {@link start} may call it before it returns.
   */
  constructor(
    address: ConnectAddress,
    local: Endpoint | undefined,
    onEnd: (result: AttemptResult) => void,
  ) {
    this.#address = address;
    this.#local = local;
    this.#onEnd = onEnd;
  }

  /**
   * @param timeoutMs the attempt fails with ETIMEDOUT after this time. With Infinity only the
   *   system's own limit applies.
   */
  start(host: Host, timeoutMs: number): void {
    try {
      const local = this.#local;
      const options = local === undefined ? {} : { local };
      const skt = createSocketCreator(host.kernel).fromAddress(this.#address, options);
      this.#skt = skt;
      if (skt.connect() !== wouldBlock) {
        this.#end({ skt, isRegistered: false });
        return;
      }
      host.engine.request(this, skt, connecting, false);
      if (timeoutMs === Number.POSITIVE_INFINITY) return;
      this.#timer = setTimeout(() => this.#fail(timeoutError(this.#address), true), timeoutMs);
    } catch (error) {
      const isLocal = error instanceof WsaError && error.call === 'bind';
      this.#fail(
        isLocal
          ? nodeError('bind', error, this.#local ?? {})
          : nodeError('connect', error, this.#address),
      );
    }
  }

  onEvent(event: SocketEvent<Source>): void {
    const skt = this.#skt;
    if (skt === undefined) return;
    if (event.isRefused) {
      this.#fail(refusedError(event.cause));
      return;
    }
    try {
      // After a failed connect this call throws, with the error's code.
      if (skt.finishConnect() === true) this.#end({ skt, isRegistered: true });
    } catch (error) {
      this.#fail(nodeError('connect', error, this.#address));
    }
  }

  /** Never called, because a connect schedules no try. */
  onTry(): void {}

  /** Closes the socket without calling `onEnd`. */
  cancel(): void {
    clearTimeout(this.#timer);
    const skt = this.#skt;
    this.#skt = undefined;
    skt?.close();
  }

  #fail(error: Error, isTimeout = false): void {
    this.cancel();
    this.#onEnd({ error, isTimeout });
  }

  #end(result: AttemptResult): void {
    clearTimeout(this.#timer);
    this.#skt = undefined;
    this.#onEnd(result);
  }
}

/** Where to connect to, and the local endpoint to bind to, if any. */
export interface ConnectTargets {
  readonly addresses: readonly ConnectAddress[];
  readonly local: Endpoint | undefined;
}

/**
 * Tries addresses one after another, as `node:net` does by default. Each but the last has {@link
 * AttemptOptions.timeoutMs}; the last has the system's own limit.
 *
 * @param onEnd called once, with a socket or with the error. If several addresses failed, the
 *   error is an AggregateError with the code of the first.
 * @returns a function that cancels the connect.
 */
export function connectInTurn(
  host: Host,
  { addresses, local }: ConnectTargets,
  onEnd: (result: AttemptResult) => void,
  { timeoutMs = attemptTimeoutMs, onAttempt, onFailure }: AttemptOptions = {},
): () => void {
  const errors: Error[] = [];
  let current: ConnectAttempt | undefined;
  const next = (index: number): void => {
    const address = addresses[index] as ConnectAddress;
    const isLast = index === addresses.length - 1;
    if (onAttempt?.(address) === false) return;
    current = new ConnectAttempt(address, local, (result) => {
      current = undefined;
      if (result.error === undefined) {
        onEnd(result);
        return;
      }
      errors.push(result.error);
      if (onFailure?.(address, result) === false) return;
      if (isLast) onEnd({ error: aggregate(errors) });
      else next(index + 1);
    });
    current.start(host, isLast ? Number.POSITIVE_INFINITY : timeoutMs);
  };
  next(0);
  return () => current?.cancel();
}

function aggregate(errors: readonly Error[]): Error {
  const [first] = errors;
  if (errors.length === 1) return first as Error;
  const all = new AggregateError(errors) as unknown as NodeError;
  const { code } = first as NodeError;
  if (code !== undefined) all.code = code;
  return all;
}
