import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { bytes, closing, type Run, type Scenario } from '../run.js';

function open(run: Run, path: string, party: string): WebSocket {
  const client = new WebSocket(`ws://localhost${path}`, { createConnection: () => run.connect() });
  client.on('open', () => run.note(party, 'open', client.extensions));
  client.on('message', (data, isBinary) => run.note(party, isBinary ? data : String(data)));
  client.on('pong', (data) => run.note(party, 'pong', String(data)));
  client.on('error', (error) => run.note(party, error));
  client.on('close', (code, reason) => run.note(party, 'close', code, String(reason)));
  return client;
}

/** ws: texts, bytes, ping, both ways to close, a terminated peer, a refused upgrade. */
export const ws: Scenario = {
  name: 'ws',
  async play(run) {
    const app = createServer();
    const server = new WebSocketServer({
      server: app,
      perMessageDeflate: true,
      verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== '/refused',
    });
    server.on('connection', (socket, request) => {
      const party = `server of ${request.url}`;
      run.note(party, 'connection', request.headers.host);
      socket.on('message', (data, isBinary) => {
        if (String(data) === 'terminate') socket.terminate();
        else if (String(data) === 'close') socket.close(4_002, 'by the server');
        else socket.send(data, { binary: isBinary });
      });
      socket.on('close', (code) => run.note(party, 'close', code));
    });
    await run.serve((socket) => app.emit('connection', socket));

    const first = open(run, '/first', 'first');
    await once(first, 'open');
    first.send('a text');
    await once(first, 'message');
    first.send(bytes(300_000));
    await once(first, 'message');
    first.ping('42');
    await once(first, 'pong');
    first.close(4_001, 'by the client');
    await closing(first);

    for (const way of ['close', 'terminate']) {
      const client = open(run, `/${way}`, way);
      await once(client, 'open');
      client.send(way);
      await closing(client);
    }
    const refused = open(run, '/refused', 'refused');
    await closing(refused);
    server.close();
  },
};
