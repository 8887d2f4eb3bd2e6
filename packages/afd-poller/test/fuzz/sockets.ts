import { type Kernel, WsaError } from 'ntdllx';
import type { Choices } from 'test-kit';
import {
  type AcceptedSkt,
  type ClientSkt,
  clientAddressOf,
  type Direction,
  type Skt,
  type SocketCreator,
  TCPClientAddress,
  TCPServerAddress,
  UDPAddress,
  UDSServerAddress,
  type WouldBlock,
  wouldBlock,
} from 'tofu-sockets';
import { createSocketCreator } from 'tofu-sockets/internal';
import { claim } from './claim.js';
import type { ModelSocket } from './registration-model.js';

const mostSockets = 14;
const buffer = Buffer.alloc(65_536);

/** The result of a call on a socket. */
export type Outcome = 'done' | 'end' | 'would block' | 'failed';

function streamOf({ skt }: ModelSocket): ClientSkt | AcceptedSkt {
  if (skt.kind === 'client' || skt.kind === 'accepted') return skt;
  throw new Error(`A ${skt.kind} is not a connection.`);
}

function clientOf({ skt }: ModelSocket): ClientSkt {
  if (skt.kind === 'client') return skt;
  throw new Error(`A ${skt.kind} does not connect.`);
}

/** The sockets of a world, and the operations on them. */
export class Sockets {
  readonly #creator: SocketCreator;
  readonly #list: ModelSocket[] = [];
  readonly #refusing: TCPClientAddress;
  readonly #hasPaths: boolean;
  #nextId = 1;

  /** @param hasPaths whether some of the listeners are over AF_UNIX. */
  constructor(kernel: Kernel, hasPaths: boolean) {
    this.#hasPaths = hasPaths;
    this.#creator = createSocketCreator(kernel);
    const listener = this.#creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
    this.#refusing = new TCPClientAddress('127.0.0.1', listener.localEndpoint().port);
    listener.close();
  }

  get list(): readonly ModelSocket[] {
    return this.#list;
  }

  get isFull(): boolean {
    return this.#list.length >= mostSockets;
  }

  ofKind(...kinds: Skt['kind'][]): ModelSocket[] {
    return this.#list.filter(({ skt }) => kinds.includes(skt.kind));
  }

  listener(choices: Choices): ModelSocket {
    const isPath = this.#hasPaths && choices.chance(0.5);
    const address = isPath
      ? new UDSServerAddress(`C:\\${this.#nextId}`)
      : new TCPServerAddress('127.0.0.1', 0);
    return this.#keep(this.#creator.fromAddress(address));
  }

  udp(): ModelSocket {
    return this.#keep(this.#creator.fromAddress(new UDPAddress('127.0.0.1', 0)));
  }

  /** Creates a client for a listener or for a closed port. It is not connected yet. */
  client(choices: Choices): ModelSocket {
    const listeners = this.ofKind('listener');
    if (listeners.length === 0 || choices.chance(0.15)) {
      return this.#keep(this.#creator.fromAddress(this.#refusing));
    }
    const address = clientAddressOf(choices.pick(listeners).skt.localEndpoint());
    return this.#keep(this.#creator.fromAddress(address));
  }

  #keep(skt: Skt): ModelSocket {
    const socket: ModelSocket = {
      id: this.#nextId,
      skt,
      port: undefined,
      uses: { readable: 0, writable: 0, accept: 0, priority: 0 },
      registrations: new Set(),
    };
    this.#nextId += 1;
    this.#list.push(socket);
    return socket;
  }

  /**
   * Makes a call on a socket. Records the readiness that it consumes, and what a would-block
   * renews.
   */
  #call(
    socket: ModelSocket,
    direction: Direction,
    call: () => unknown | WouldBlock,
    isUsing = true,
  ): Outcome {
    let outcome: Outcome = 'done';
    try {
      const result = call();
      if (result === wouldBlock) outcome = 'would block';
      if (result === 0) outcome = 'end';
    } catch (error) {
      if (!(error instanceof WsaError)) throw error;
      outcome = 'failed';
    }
    // The poller also reports a connect that succeeds at once.
    if (outcome === 'would block' || (outcome === 'done' && direction === 'connect')) {
      for (const registration of socket.registrations) registration.renew(direction);
    } else if (isUsing && direction !== 'connect' && direction !== 'finishConnect') {
      socket.uses[direction] += 1;
      for (const registration of socket.registrations) {
        registration.spend(direction);
        // Reading past the urgent byte discards it.
        if (direction === 'readable') registration.spend('priority');
      }
    }
    return outcome;
  }

  accept(socket: ModelSocket): Outcome {
    return this.#call(socket, 'accept', () => {
      const { skt } = socket;
      if (skt.kind !== 'listener') throw new Error('no listener');
      const accepted = skt.accept();
      if (accepted !== wouldBlock) this.#keep(accepted);
      return accepted;
    });
  }

  connect(socket: ModelSocket): Outcome {
    return this.#call(socket, 'connect', () => clientOf(socket).connect());
  }

  finishConnect(socket: ModelSocket): Outcome {
    return this.#call(socket, 'finishConnect', () => clientOf(socket).finishConnect());
  }

  receive(socket: ModelSocket, byteLength: number, flags: { oob?: boolean; peek?: boolean } = {}) {
    const { skt } = socket;
    if (skt.kind === 'datagram') return this.#call(socket, 'readable', () => skt.recvFrom(buffer));
    const direction = flags.oob === true ? 'priority' : 'readable';
    const into = buffer.subarray(0, byteLength);
    const stream = streamOf(socket);
    return this.#call(socket, direction, () => stream.recv(into, flags), flags.peek !== true);
  }

  /** Receives until no byte is left or a receive fails. */
  drain(socket: ModelSocket): void {
    for (let turn = 0; turn < 200; turn += 1) {
      if (this.receive(socket, 4_096) !== 'done') return;
    }
  }

  send(socket: ModelSocket, byteLength: number, isUrgent = false): Outcome {
    const { skt } = socket;
    const bytes = buffer.subarray(0, byteLength);
    if (skt.kind !== 'datagram') {
      const stream = streamOf(socket);
      return this.#call(socket, 'writable', () => stream.send(bytes, { oob: isUrgent }));
    }
    const others = this.ofKind('datagram');
    const other = (others[byteLength % others.length] as ModelSocket).skt;
    if (other.kind !== 'datagram') throw new Error(`A ${other.kind} receives no datagrams.`);
    const to = other.localEndpoint();
    return this.#call(socket, 'writable', () => skt.sendTo(bytes, to));
  }

  shutdown(socket: ModelSocket, how: 'receive' | 'send' | 'both'): Outcome {
    return this.#call(socket, 'writable', () => streamOf(socket).shutdown(how));
  }

  close(socket: ModelSocket): void {
    claim(socket.registrations.size === 0, 'unexpected error', () => 'closed too early');
    this.#list.splice(this.#list.indexOf(socket), 1);
    socket.skt.close();
  }
}
