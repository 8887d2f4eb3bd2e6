import { type Connection, Reactor, wouldBlock } from 'tofu-reactor';

const reactor = new Reactor({ maxConnections: 10_000 });
const buffer = Buffer.alloc(65_536);

/** Echoes until a receive would block, or until the peer does not read the sent bytes. */
function echo(connection: Connection): void {
  for (;;) {
    const count = connection.readInto(buffer);
    if (count === wouldBlock || count === 0) return;
    // False: bytes wait to be sent. The program reads again after onDrain.
    if (!connection.write(buffer.subarray(0, count))) {
      connection.onReadable = undefined;
      return;
    }
  }
}

/** Serves a connection until its peer ends it, or sends nothing for a minute. */
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

// After Ctrl-C, connections have at most two seconds to send their remaining bytes.
process.once('SIGINT', () => reactor.close());
await reactor.run();
