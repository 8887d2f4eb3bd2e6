import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
} from 'node:http2';
import { promisify } from 'node:util';
import { bytes, closing, collect, type Run, type Scenario, seenError } from '../run.js';

function open(run: Run, party: string): ClientHttp2Session {
  const session = connect('http://localhost', { createConnection: () => run.connect() });
  session.on('connect', () => run.note(party, 'connect', session.alpnProtocol));
  session.on('goaway', (code) => run.note(party, 'goaway', code));
  session.on('error', (error) => run.note(party, error));
  session.on('close', () => run.note(party, 'close', session.destroyed));
  return session;
}

async function ask(
  run: Run,
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: Buffer,
): Promise<void> {
  const path = String(headers[':path']);
  const stream = session.request(headers, { endStream: body === undefined });
  stream.on('response', (received) => run.note(path, received[':status']));
  stream.on('trailers', ({ 'x-sum': sum }) => run.note(path, 'trailers', sum));
  stream.on('close', () => run.note(path, 'close', stream.rstCode));
  const closed = closing(stream);
  if (body !== undefined) stream.end(body);
  try {
    run.note(`body of ${path}`, await collect(stream));
  } catch (error) {
    run.note(`body of ${path}`, seenError(error));
  }
  await closed;
}

/** node:http2: streams side by side, bodies, trailers, ping, resets, GOAWAY, lost sessions. */
export const http2: Scenario = {
  name: 'node:http2',
  isAdapted: true,
  async play(run) {
    const app = createServer();
    const sessions: ServerHttp2Session[] = [];
    app.on('session', (session) => {
      const party = `server of session ${sessions.push(session)}`;
      session.on('close', () => run.note(party, 'close'));
      session.on('goaway', (code) => run.note(party, 'goaway', code));
    });
    app.on('sessionError', (error) => run.note('server', error));
    app.on('stream', (stream, headers) => {
      stream.on('error', (error) => run.note(`server of ${headers[':path']}`, error));
      if (headers[':path'] === '/reset') {
        stream.close(8);
        return;
      }
      if (headers[':path'] === '/destroy') {
        // Over a stream that is not a net.Socket, Node has one write at a time until setImmediate.
        setImmediate(() => stream.session?.destroy());
        return;
      }
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': headers[':path'] }));
      if (headers[':path'] === '/large') stream.end(bytes(1_000_000));
      else stream.pipe(stream);
    });
    await run.serve((socket) => app.emit('connection', socket));

    const client = open(run, 'client');
    await once(client, 'connect');
    const all = ['/1', '/2', '/large'].map((path) => ask(run, client, { ':path': path }));
    await Promise.all(all);
    await ask(run, client, { ':path': '/echo', ':method': 'POST' }, bytes(800_000));
    await ask(run, client, { ':path': '/reset' });
    const pong = await new Promise<Buffer>((resolve) => {
      client.ping(Buffer.from('12345678'), (_error, _duration, payload) => resolve(payload));
    });
    run.note('client', 'pong', String(pong));
    await promisify(client.close).call(client);

    const left = open(run, 'left');
    await once(left, 'connect');
    await ask(run, left, { ':path': '/before' });
    const closed = closing(left);
    sessions.at(-1)?.close();
    await closed;

    const lost = open(run, 'lost');
    await once(lost, 'connect');
    await ask(run, lost, { ':path': '/before the loss' });
    const gone = closing(lost);
    await ask(run, lost, { ':path': '/destroy' });
    await gone;
  },
};
