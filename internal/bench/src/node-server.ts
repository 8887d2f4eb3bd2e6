import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';
import { reportServer, type ServerPorts } from './server-report.js';

/** Options of {@link startNodeServer}. */
export interface NodeServerOptions {
  /** Reads by `onread` into one reused buffer of this size. */
  readonly onreadBytes?: number;
}

let connections = 0;

function count(socket: Socket): void {
  connections += 1;
  socket.once('close', () => {
    connections -= 1;
  });
  socket.on('error', () => socket.destroy());
}

/** An echo that stops reading while its peer does not read. */
function echo(socket: Socket): void {
  count(socket);
  socket.on('data', (data) => {
    if (!socket.write(data)) socket.pause();
  });
  socket.on('drain', () => socket.resume());
  socket.on('end', () => socket.end());
}

/**
 * The same echo by `onread`. A server has no such option, so the handle of the accepted connection
 * is given to a socket with this option. Bytes must not change until they are sent, so they are
 * copied.
 */
function echoOnread(accepted: Socket, bufferBytes: number): void {
  const { _handle: handle } = accepted as Socket & { _handle: unknown };
  (accepted as Socket & { _handle: unknown })._handle = null;
  const socket: Socket = new Socket({
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: Buffer.allocUnsafe(bufferBytes),
      callback: (bytes: number, buffer: Uint8Array) =>
        socket.write(Buffer.from(buffer.subarray(0, bytes))),
    },
  } as ConstructorParameters<typeof Socket>[0]);
  count(socket);
  socket.setNoDelay(true);
  socket.on('drain', () => socket.resume());
  socket.on('end', () => socket.end());
  socket.resume();
}

/** An echo server of `node:net`. */
export function startNodeServer({ onreadBytes }: NodeServerOptions): Promise<ServerPorts> {
  const pauseOnConnect = onreadBytes !== undefined;
  return start(
    (onConnection) => createServer({ noDelay: true, pauseOnConnect }, onConnection),
    onreadBytes === undefined ? echo : (socket) => echoOnread(socket, onreadBytes),
  );
}

/** The same echo server on the streams of `tofu-reactor/net`. */
export function startStreamServer(): Promise<ServerPorts> {
  const net = netOn(new Reactor());
  // Its server and its sockets have what this echo uses of those of `node:net`.
  const create = net.createServer as unknown as typeof createServer;
  return start((onConnection) => create(onConnection), echo);
}

type OnConnection = (socket: Socket) => void;

async function start(
  create: (onConnection: OnConnection) => ReturnType<typeof createServer>,
  serve: OnConnection,
): Promise<ServerPorts> {
  const server = create(serve);
  const control = create((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(`${JSON.stringify(reportServer(connections))}\n`));
    socket.resume();
  });
  const [port, controlPort] = await Promise.all(
    [server, control].map(async (each) => {
      each.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
      await once(each, 'listening');
      return (each.address() as AddressInfo).port;
    }),
  );
  return { port: port as number, control: controlPort as number };
}
