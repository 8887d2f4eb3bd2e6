import { type Connection, Reactor, wouldBlock } from 'tofu-reactor';

const reactor = new Reactor({ maxConnections: 10_000 });
const buffer = Buffer.alloc(65_536);

/** Echoes until a call would block, or until the peer does not take what it is sent. */
function echo(connection: Connection): void {
  for (;;) {
    const count = connection.readInto(buffer);
    if (count === wouldBlock || count === 0) return;
    // False: bytes are left to send. The next read waits for onDrain.
    if (!connection.write(buffer.subarray(0, count))) {
      connection.onReadable = undefined;
      return;
    }
  }
}

/** Serves a connection until its peer ends it, or is silent for a minute. */
function serve(connection: Connection): void {
  connection.setTimeout(60_000);
  connection.onTimeout = () => connection.destroy();
  connection.onReadable = echo;
  connection.onDrain = () => {
    connection.onReadable = echo;
  };
  connection.onClose = (error) => {
    if (error !== undefined) console.error('A connection ended:', error.message);
  };
}

const server = await reactor.listen({ port: 7099 }, serve, { maxConnections: 1_000 });
server.onDrop = ({ remote }) => console.error('Too many connections; closed that of', remote);
console.log('Listening on', server.endpoint);

// Ctrl-C: connections may send what is left, for at most two seconds.
process.once('SIGINT', () => reactor.close());
await reactor.run();
