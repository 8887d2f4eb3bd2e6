import { type Connection, Reactor, type ReactorMode, wouldBlock } from 'tofu-reactor';
import { reportServer, type ServerPorts } from './server-report.js';

/**
 * An echo server of `tofu-reactor` in its usual form: it reads into one buffer, and stops reading
 * while bytes wait to be sent.
 */
export async function startReactorServer(
  mode: ReactorMode,
  bufferBytes: number,
): Promise<ServerPorts> {
  const buffer = Buffer.alloc(bufferBytes);
  const reactor = new Reactor({ mode });
  const read = (connection: Connection) => {
    for (;;) {
      const count = connection.readInto(buffer);
      if (count === wouldBlock || count === 0) return;
      // Without a read the connection is paused; the next read resumes it.
      if (!connection.write(buffer.subarray(0, count))) {
        connection.onReadable = undefined;
        return;
      }
    }
  };
  const server = await reactor.listen({ port: 0 }, (connection) => {
    connection.onReadable = read;
    connection.onDrain = () => {
      connection.onReadable = read;
    };
  });
  const control = await reactor.listen({ port: 0 }, (connection) => {
    connection.onReadable = () => {
      const count = connection.readInto(buffer);
      if (count === wouldBlock || count === 0) return;
      connection.write(`${JSON.stringify(reportServer(server.connections))}\n`);
    };
  });
  void reactor.run();
  const portOf = ({ endpoint }: typeof server) => ('port' in endpoint ? endpoint.port : 0);
  return { port: portOf(server), control: portOf(control) };
}
