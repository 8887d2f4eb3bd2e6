import { prepareInterest, type SocketEvent } from 'afd-poller';
import { showValue, WsaError } from 'ntdllx';
import { type AcceptedSkt, type ListenerSkt, type SktEndpoint, wouldBlock } from 'tofu-sockets';
import { AcceptQueue } from './accept-queue.js';
import { type Callback, callbackOf } from './callback.js';
import { Connection, coreOf } from './connection.js';
import type { CheckedConnectionOptions } from './connection-options.js';
import { diagnosticsChannels } from './diagnostics.js';
import { ReactorError } from './errors.js';
import type { Host, Member } from './host.js';
import { nodeError, refusedError } from './node-errors.js';
import { Speculation } from './speculation.js';
import type { Source } from './turn-engine.js';

/** How many connections the server accepts at once. It accepts more after the other sources. */
const acceptBudget = 64;
/**
 * How long the server pauses after a failed accept, for example when the system has no sockets
 * left.
 */
const acceptPauseMs = 50;

const accepting = prepareInterest({ accept: true, mode: 'oneshot' });
const pausing = prepareInterest({});

/** A connection that was closed because of {@link Server.maxConnections}. */
export interface DroppedConnection {
  /** The address at which it arrived; undefined if the system no longer knows it. */
  readonly local: SktEndpoint | undefined;
  /** The address of the client; undefined if the system no longer knows it. */
  readonly remote: SktEndpoint | undefined;
}

/**
 * Accepts connections, and passes each to the handler or to a `for await` loop. The server stops
 * accepting while a limit of the reactor is reached; clients then wait in the backlog.
 */
export class Server implements Member, AsyncDisposable {
  #maxConnections: number;
  readonly #host: Host;
  readonly #skt: ListenerSkt;
  readonly #options: CheckedConnectionOptions;
  readonly #endpoint: SktEndpoint;
  readonly #connections = new Set<Connection>();
  /** Decides whether to try to receive from connections that were just accepted. */
  readonly #newcomers = new Speculation();
  readonly #queue: AcceptQueue<Connection>;
  /** The receiver of the poller's events. */
  readonly #source: Source = {
    onEvent: (event) => this.#onEvent(event),
    onTry: () => {
      this.#isEager = false;
      this.#acceptMore();
    },
  };
  #onConnection: Callback<Connection> | undefined;
  #onDrop: Callback<DroppedConnection> | undefined;
  #onError: Callback<Error> | undefined;
  #isListening = true;
  #isPaused = false;
  /** It accepts again later in this turn or in the next one, without a poll. */
  #isEager = false;
  #pause: NodeJS.Timeout | undefined;
  #isRef = true;
  #accepted = 0;
  #closed: Promise<void> | undefined;
  #resolveClosed: (() => void) | undefined;
  /** @internal Called when it has stopped listening, for any reason. */
  onStop: (() => void) | undefined;

  /** @internal Takes ownership of `skt`, which must be listening, unless it throws. */
  constructor(
    host: Host,
    skt: ListenerSkt,
    options: CheckedConnectionOptions,
    maxConnections: number,
    onConnection: Callback<Connection> | undefined,
  ) {
    this.#maxConnections = maxConnections;
    this.#onConnection = onConnection;
    this.#host = host;
    this.#skt = skt;
    this.#options = options;
    this.#endpoint = skt.localEndpoint();
    this.#queue = new AcceptQueue(() => this.updateAccepting());
    host.engine.request(this.#source, skt, accepting, false);
    host.join(this, false);
    this.updateAccepting();
    this.#publish('listen');
  }

  /** The endpoint on which it listens; also available after it was closed. */
  get endpoint(): SktEndpoint {
    return this.#endpoint;
  }

  /** True until {@link close}. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** How many of its connections are open, and how many it has accepted in total. */
  get connections(): number {
    return this.#connections.size;
  }

  /** How many connections the server has accepted, closed ones included. */
  get accepted(): number {
    return this.#accepted;
  }

  /**
   * The largest number of open connections, 0 to Infinity. The server closes further connections
   * at once and reports them to {@link onDrop}.
   * @throws {ReactorError} `ERR_REACTOR_ARGUMENT` when it is set to another value.
   */
  get maxConnections(): number {
    return this.#maxConnections;
  }

  set maxConnections(count: number) {
    if (!(typeof count === 'number' && count >= 0)) {
      throw new ReactorError(
        'ERR_REACTOR_ARGUMENT',
        `maxConnections must be a whole number from 0, or Infinity; got ${showValue(count)}.`,
      );
    }
    this.#maxConnections = count;
  }

  /** Called with each connection. */
  get onConnection(): ((connection: Connection) => unknown) | undefined {
    return this.#onConnection?.run;
  }

  set onConnection(run: ((connection: Connection) => unknown) | undefined) {
    this.#onConnection = callbackOf('onConnection', run);
    this.updateAccepting();
  }

  /** Called for each connection that is closed because of {@link maxConnections}. */
  get onDrop(): ((dropped: DroppedConnection) => unknown) | undefined {
    return this.#onDrop?.run;
  }

  set onDrop(run: ((dropped: DroppedConnection) => unknown) | undefined) {
    this.#onDrop = callbackOf('onDrop', run);
  }

  /**
   * Called when an accept failed. The server continues after 50 ms. Without this callback the
   * error is ignored.
   */
  get onError(): ((error: Error) => unknown) | undefined {
    return this.#onError?.run;
  }

  set onError(run: ((error: Error) => unknown) | undefined) {
    this.#onError = callbackOf('onError', run);
  }

  /**
   * Iterates over the connections. While the program requests none, at most 64 accepted
   * connections are queued.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Connection> {
    this.#queue.open();
    this.updateAccepting();
    return this.#queue;
  }

  /**
   * Stops listening. Its connections stay open.
   *
   * @returns resolves after the last of them is closed. Every call returns the same promise.
   */
  close(): Promise<void> {
    this.#stop();
    this.#closed ??=
      this.#connections.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            this.#resolveClosed = resolve;
          });
    return this.#closed;
  }

  /** Stops listening, and closes its connections at once. */
  destroy(): void {
    this.#stop();
    for (const connection of [...this.#connections]) connection.destroy();
  }

  /** Calls {@link close}, at the end of an `await using` declaration. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Makes the server keep the process alive. This is the initial state. Its connections have their
   * own `ref`.
   */
  ref(): this {
    return this.#setRef(true);
  }

  /** Lets the process end although the server listens. */
  unref(): this {
    return this.#setRef(false);
  }

  /** @internal Starts or pauses accepting, depending on the limits. */
  updateAccepting(): void {
    if (!this.#isListening) return;
    const hasConsumer = this.#onConnection !== undefined || this.#queue.hasRoom;
    const isPaused = this.#pause !== undefined || this.#host.isFull || !hasConsumer;
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#host.engine.request(this.#source, this.#skt, isPaused ? pausing : accepting, true);
  }

  #onEvent(event: SocketEvent<Source>): void {
    if (event.isRefused) {
      this.#onError?.call(refusedError(event.cause));
      this.destroy();
      return;
    }
    this.#acceptMore();
  }

  /**
   * Accepts until the backlog is empty, and then polls. If connections arrive as fast as it accepts
   * them, it lets the other sources continue after each budget.
   */
  #acceptMore(): void {
    for (let left = acceptBudget; left > 0 && this.#isListening && !this.#isPaused; left -= 1) {
      let skt: AcceptedSkt | typeof wouldBlock;
      try {
        skt = this.#skt.accept();
      } catch (error) {
        // According to the documentation: the client closed the connection before it was accepted.
        if (error instanceof WsaError && error.code === 'ECONNRESET') continue;
        this.#failed(error as Error);
        return;
      }
      if (skt === wouldBlock) {
        this.#host.engine.request(this.#source, this.#skt, accepting, true);
        return;
      }
      this.#take(skt);
    }
    if (!this.#isListening || this.#isPaused || this.#isEager) return;
    this.#isEager = true;
    this.#host.engine.tryLater(this.#source);
  }

  #take(skt: AcceptedSkt): void {
    this.#accepted += 1;
    if (this.#connections.size >= this.#maxConnections) {
      this.#drop(skt);
      return;
    }
    const connection = new Connection(this.#host, this.#options);
    const core = coreOf(connection);
    this.#connections.add(connection);
    core.onOver = () => this.#left(connection);
    core.attach(skt, false);
    if (this.#onConnection === undefined) this.#queue.push(connection);
    else this.#onConnection.call(connection);
    this.updateAccepting();
    const isTry = this.#newcomers.isWorthATry();
    const hasPaid = core.begin(isTry);
    if (isTry) this.#newcomers.note(hasPaid);
  }

  #drop(skt: AcceptedSkt): void {
    const dropped = { local: endpointOf(skt, 'local'), remote: endpointOf(skt, 'peer') };
    skt.close();
    this.#onDrop?.call(dropped);
  }

  #failed(error: Error): void {
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.updateAccepting();
    }, acceptPauseMs).unref();
    this.updateAccepting();
    this.#onError?.call(nodeError('accept', error, {}));
  }

  #left(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0 && !this.#isListening) this.#resolveClosed?.();
  }

  #stop(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    clearTimeout(this.#pause);
    this.#host.leave(this, false, this.#isRef);
    for (const connection of this.#queue.close()) connection.destroy();
    this.#skt.close();
    this.#publish('unlisten');
    this.onStop?.();
  }

  #publish(channel: 'listen' | 'unlisten'): void {
    if (!diagnosticsChannels[channel].hasSubscribers) return;
    const reactor = this.#host.name;
    diagnosticsChannels[channel].publish({ reactor, server: this, endpoint: this.#endpoint });
  }

  #setRef(isRef: boolean): this {
    if (this.#isListening && this.#isRef !== isRef) {
      this.#isRef = isRef;
      this.#host.changeRef(isRef);
    }
    return this;
  }
}

function endpointOf(skt: AcceptedSkt, side: 'local' | 'peer'): SktEndpoint | undefined {
  try {
    return side === 'local' ? skt.localEndpoint() : skt.peerEndpoint();
  } catch {
    return undefined;
  }
}
