import { allocate, type NativeMemory } from 'ntdllx';
import {
  registerLibuvCallback,
  registerLibuvPollCallback,
  UV_POLL,
  UV_READABLE,
  uv_close,
  uv_default_loop,
  uv_handle_size,
  uv_poll_init_socket,
  uv_poll_start,
  uv_poll_stop,
} from 'ntdllx/libuv';
import {
  type AcceptedSkt,
  type ListenerSkt,
  SocketCreator,
  TCPServerAddress,
  wouldBlock,
} from 'tofu-sockets';
import { reportServer, type ServerPorts } from './server-report.js';

/** A socket that libuv polls, and the function to call when it is readable. */
interface Polled {
  readonly skt: AcceptedSkt | ListenerSkt;
  readonly memory: NativeMemory;
  readonly onReadable: () => void;
}

/**
 * An echo server on `uv_poll`, called through the exports of node.exe, without the engine. As usual
 * with libuv it polls first, and does one recv and one send for each readiness event. It repeats a
 * send that would block at once; this is sufficient because the load has at most one window in
 * flight.
 */
export class UvPollServer {
  readonly ports: ServerPorts;
  readonly #buffer: Buffer;
  readonly #loop = uv_default_loop();
  readonly #polled = new Map<number, Polled>();
  readonly #closing = new Map<number, NativeMemory>();
  readonly #onPoll = registerLibuvPollCallback((handle) => this.#polled.get(handle)?.onReadable());
  readonly #onClose = registerLibuvCallback((handle) => {
    const memory = this.#closing.get(handle);
    this.#closing.delete(handle);
    // libuv still uses the handle after the callback returns.
    setImmediate(() => memory?.free());
  });
  #connections = 0;

  constructor(bufferBytes: number) {
    this.#buffer = Buffer.alloc(bufferBytes);
    const creator = new SocketCreator();
    const listen = (serve: (skt: AcceptedSkt) => void) => {
      const listener = creator.fromAddress(new TCPServerAddress('127.0.0.1', 0));
      // Accepted sockets inherit this option.
      listener.setOption('noDelay', true);
      this.#poll(listener, () => {
        for (let skt = listener.accept(); skt !== wouldBlock; skt = listener.accept()) serve(skt);
      });
      return listener.localEndpoint().port;
    };
    this.ports = {
      port: listen((skt) => {
        this.#connections += 1;
        const polled = this.#poll(skt, () => this.#echo(skt, polled));
      }),
      control: listen((skt) => {
        const polled = this.#poll(skt, () => {
          const count = skt.recv(this.#buffer);
          if (count === wouldBlock) return;
          if (count === 0) this.#end(polled);
          else skt.send(Buffer.from(`${JSON.stringify(reportServer(this.#connections))}\n`));
        });
      }),
    };
  }

  #poll(skt: AcceptedSkt | ListenerSkt, onReadable: () => void): Polled {
    const memory = allocate(uv_handle_size(UV_POLL));
    const failed = uv_poll_init_socket(this.#loop, memory.address, Number(skt.socket));
    if (failed !== 0) throw new Error(`uv_poll_init_socket failed with libuv's ${failed}.`);
    const polled = { skt, memory, onReadable };
    this.#polled.set(memory.address, polled);
    uv_poll_start(memory.address, UV_READABLE, this.#onPoll);
    return polled;
  }

  #echo(skt: AcceptedSkt, polled: Polled): void {
    try {
      const count = skt.recv(this.#buffer);
      if (count === wouldBlock) return;
      for (let sent = 0; sent < count; ) {
        const taken = skt.send(this.#buffer.subarray(sent, count));
        if (taken !== wouldBlock) sent += taken;
      }
      if (count > 0) return;
    } catch {
      // The code below closes a broken connection.
    }
    this.#connections -= 1;
    this.#end(polled);
  }

  #end({ skt, memory }: Polled): void {
    uv_poll_stop(memory.address);
    this.#polled.delete(memory.address);
    this.#closing.set(memory.address, memory);
    uv_close(memory.address, this.#onClose);
    skt.close();
  }
}
