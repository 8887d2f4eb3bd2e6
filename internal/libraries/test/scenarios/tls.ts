import { once } from 'node:events';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { certificate } from '../certificate.js';
import { bytes, closing, collect, type Run, type Scenario } from '../run.js';

function record(run: Run, party: string, socket: TLSSocket): TLSSocket {
  for (const event of ['end', 'secureConnect']) {
    socket.on(event, () => run.note(party, event));
  }
  socket.on('error', (error) => run.note(party, error));
  socket.on('close', (hasFailed) => run.note(party, 'close', hasFailed));
  return socket;
}

/**
 * Records a client whose server destroys the connection. The client answers with close_notify. It
 * is left to chance, also on `node:net`, whether that is sent before the stream below has ended:
 * if not, there is an EPIPE.
 */
function recordLost(run: Run, socket: TLSSocket): TLSSocket {
  for (const event of ['end', 'secureConnect', 'close']) {
    socket.on(event, () => run.note('lost', event));
  }
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') run.note('lost', error);
  });
  return socket;
}

/** A server that echoes to clients with the protocol `own`, and destroys others at their data. */
async function startServer(run: Run): Promise<Server> {
  const server = createServer({ ...(await certificate()), ALPNProtocols: ['own'] }, (socket) => {
    record(run, `server of protocol ${socket.alpnProtocol || 'none'}`, socket);
    if (socket.alpnProtocol === 'own') socket.pipe(socket);
    else socket.once('data', () => socket.destroy());
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    run.note('server', 'tlsClientError', error.code);
  });
  return server;
}

async function connectTo(run: Run, options: object = {}): Promise<TLSSocket> {
  const { cert } = await certificate();
  const trusted = { ca: [cert], servername: 'localhost' };
  return connect({ socket: run.connect(), ...trusted, ...options });
}

async function open(run: Run, party: string, options?: object): Promise<TLSSocket> {
  return record(run, party, await connectTo(run, options));
}

/** node:tls with a self-signed certificate: an echo, ALPN, refusals, plain text, a lost peer. */
export const tls: Scenario = {
  name: 'node:tls',
  async play(run) {
    const server = await startServer(run);
    await run.serve((socket) => server.emit('connection', socket));

    const client = await open(run, 'client', { ALPNProtocols: ['own'] });
    await once(client, 'secureConnect');
    run.note('client', client.authorized, client.getProtocol(), client.alpnProtocol);
    run.note('client', client.getPeerCertificate().subject);
    let received = 0;
    client.on('data', ({ length }) => {
      received += length;
      if (received === 500_000) client.end();
    });
    client.write(bytes(500_000));
    await closing(client);
    run.note('client', received);

    const lost = recordLost(run, await connectTo(run));
    await once(lost, 'secureConnect');
    lost.resume().write('destroy');
    await closing(lost);

    for (const [party, options] of [
      ['not trusted', { ca: [] }],
      ['other name', { servername: 'example.org' }],
    ] as const) {
      const failed = once(server, 'tlsClientError');
      const refused = await open(run, party, options);
      await Promise.all([closing(refused), failed]);
    }

    const failed = once(server, 'tlsClientError');
    const plain = run.connect();
    plain.on('error', (error) => run.note('plain', error));
    plain.on('close', () => run.note('plain', 'close'));
    plain.write('plain text where TLS is due\r\n\r\n');
    plain.resume();
    await Promise.all([closing(plain), failed]);
  },
};

/** The client ends its side first. The stream below the server must be half-open for that. */
export const tlsHalfOpen: Scenario = {
  name: 'node:tls, half-open',
  async play(run) {
    const server = await startServer(run);
    const options = { allowHalfOpen: true };
    await run.serve((socket) => server.emit('connection', socket), options);
    const client = await open(run, 'client', { ALPNProtocols: ['own'] });
    await once(client, 'secureConnect');
    client.end(bytes(500_000));
    run.note('client', await collect(client));
    if (!client.closed) await closing(client);
  },
};
