import { ntKernel, WsaError } from 'ntdllx';
import {
  type AcceptedSkt,
  type Endpoint,
  type ListenerSkt,
  type Skt,
  SocketCreator,
  TCPServerAddress,
} from 'tofu-sockets';
import { reportServer, type ServerPorts } from './server-report.js';

/** ioctlsocket (winsock2.h), as a signed long. */
const FIONBIO = 0x8004_667e | 0;

/** Makes a Skt blocking. A Skt is non-blocking at first. */
function makeBlocking<T extends Skt>(skt: T): T {
  const memory = ntKernel.allocate(4);
  memory.writeU32(0, 0);
  const result = ntKernel.ioctlsocket(skt.socket, FIONBIO, memory.address);
  memory.free();
  if (result !== 0) throw new WsaError('ioctlsocket(FIONBIO)', ntKernel.WSAGetLastError());
  return skt;
}

/**
 * The cheapest echo of one connection: a thread that blocks in recv and does not poll. It makes the
 * same calls through the same binding as the engine, so the difference between the two is the cost
 * of polling. It serves one connection at a time: a connection to its control port, then a
 * connection to its echo port, and so on.
 */
export class BlockingServer {
  readonly ports: ServerPorts;
  readonly #listener: ListenerSkt<Endpoint>;
  readonly #control: ListenerSkt<Endpoint>;
  readonly #buffer: Buffer;

  constructor(bufferBytes: number) {
    this.#buffer = Buffer.alloc(bufferBytes);
    const creator = new SocketCreator();
    const listen = () => makeBlocking(creator.fromAddress(new TCPServerAddress('127.0.0.1', 0)));
    this.#listener = listen();
    this.#control = listen();
    const port = this.#listener.localEndpoint().port;
    this.ports = { port, control: this.#control.localEndpoint().port };
  }

  /** Serves a connection to the control port, then a connection to the echo port. Blocks. */
  turn(): void {
    this.#each(this.#control, (skt, count) => {
      if (count > 0) skt.send(Buffer.from(`${JSON.stringify(reportServer(0))}\n`));
    });
    const buffer = this.#buffer;
    this.#each(this.#listener, (skt, count) => {
      for (let sent = 0; sent < count; ) sent += skt.send(buffer.subarray(sent, count)) as number;
    });
  }

  #each(listener: ListenerSkt, serve: (skt: AcceptedSkt, count: number) => void): void {
    const skt = makeBlocking(listener.accept() as AcceptedSkt);
    try {
      skt.setOption('noDelay', true);
      for (;;) {
        const count = skt.recv(this.#buffer) as number;
        if (count === 0) break;
        serve(skt, count);
      }
    } catch (error) {
      // A client that disconnects ends only its own connection.
      if (!(error instanceof WsaError)) throw error;
    } finally {
      skt.close();
    }
  }
}
