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

/** ioctlsocket (winsock2.h); as the signed long that the call takes. */
const FIONBIO = 0x8004_667e | 0;

/** A Skt is non-blocking; what makes it so is taken back, and then its calls wait. */
function makeBlocking<T extends Skt>(skt: T): T {
  const memory = ntKernel.allocate(4);
  memory.writeU32(0, 0);
  const result = ntKernel.ioctlsocket(skt.socket, FIONBIO, memory.address);
  memory.free();
  if (result !== 0) throw new WsaError('ioctlsocket(FIONBIO)', ntKernel.WSAGetLastError());
  return skt;
}

/**
 * The least that an echo of one connection can be: a thread that blocks in recv, and no readiness at
 * all. The same calls through the same binding as the engine's, so what is between the two is what
 * readiness costs. It serves one connection at a time: one to its control port, one to the other, and
 * so on in turn.
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

  /** Serves the control port, then one connection. Blocks. */
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
      // A client that breaks off ends its connection and nothing else.
      if (!(error instanceof WsaError)) throw error;
    } finally {
      skt.close();
    }
  }
}
