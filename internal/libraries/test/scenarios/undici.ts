import { once } from 'node:events';
import { createServer } from 'node:http';
import { Client, errors } from 'undici';
import { bytes, collect, type Scenario, seenError } from '../run.js';

/** undici over its `connect` hook: pipelined requests, bodies, an abort, a lost server. */
export const undici: Scenario = {
  name: 'undici',
  async play(run) {
    const app = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
      run.note('server', request.method, request.url);
      if (request.url === '/lost') {
        request.socket.destroy();
        return;
      }
      if (request.url === '/never') {
        app.emit('never');
        return;
      }
      const body = await collect(request);
      response.writeHead(200, { 'x-length': body.length });
      if (request.url === '/part') {
        response.write('a part', () => request.socket.destroy());
        return;
      }
      response.end(request.url === '/large' ? bytes(700_000) : body);
    });
    await run.serve((socket) => app.emit('connection', socket));
    let connects = 0;
    const client = new Client('http://localhost', {
      pipelining: 4,
      connect: (_options, done) => {
        connects += 1;
        const socket = run.connect();
        socket.once('connect', () => done(null, socket));
        socket.once('error', (error) => done(error, null));
      },
    });
    client.on('disconnect', (_url, _targets, error) => run.note('client', 'disconnect', error));
    const ask = async (path: string, options: object = {}) => {
      try {
        const answer = await client.request({ path, method: 'GET', ...options });
        const { statusCode, headers, body } = answer;
        const received = await collect(body);
        run.note(path, statusCode, headers['x-length'], received);
      } catch (error) {
        const isSocketError = error instanceof errors.SocketError;
        run.note(path, seenError(error), isSocketError);
      }
    };
    await Promise.all(['/1', '/2', '/large', '/4'].map((path) => ask(path)));
    await ask('/upload', { method: 'POST', body: bytes(900_000) });
    const controller = new AbortController();
    const arrived = once(app, 'never');
    const never = ask('/never', { signal: controller.signal });
    await arrived;
    controller.abort();
    await never;
    for (const path of ['/lost', '/part', '/after']) await ask(path);
    run.note('client', 'connects', connects);
    await client.close();
  },
};
