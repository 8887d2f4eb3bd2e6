import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { bytes, closing, collect, type Run, type Scenario, seenError } from '../run.js';

function createApp(run: Run) {
  const app = createServer({ keepAliveTimeout: 60_000 }, async (asked, response) => {
    const party = `server of ${asked.url}`;
    run.note(party, asked.method);
    asked.on('error', (error) => run.note(party, error));
    if (asked.url === '/lost') asked.socket.destroy();
    else if (asked.url === '/part') response.write('part', () => asked.socket.destroy());
    else if (asked.url === '/never') app.emit('never');
    else {
      const body = await collect(asked).catch(() => Buffer.alloc(0));
      response.setHeader('trailer', 'x-sum');
      response.writeHead(200, 'Fine');
      for (let sent = 0; sent < 5; sent += 1) response.write(bytes(30_000 * sent));
      response.addTrailers({ 'x-sum': `${body.length}` });
      response.end(body);
    }
  });
  app.on('checkContinue', (asked, response) => {
    response.writeContinue();
    app.emit('request', asked, response);
  });
  app.on('upgrade', (_asked: IncomingMessage, socket: Duplex, head: Buffer) => {
    run.note('server of /upgrade', 'upgrade', head);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n',
    );
    socket.pipe(socket);
  });
  app.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    run.note('server of the bad client', 'clientError', error.code);
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  return app;
}

/** node:http with its Agent: reuse, bodies, trailers, 100-continue, upgrades, aborts, bad clients. */
export const http: Scenario = {
  name: 'node:http with http.Agent',
  async play(run) {
    const app = createApp(run);
    await run.serve((socket) => app.emit('connection', socket));
    let connects = 0;
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    agent.createConnection = () => {
      connects += 1;
      return run.connect();
    };
    const start = (path: string, options: RequestOptions = {}) => {
      const asking = request({ agent, path, ...options });
      asking.on('error', (error) => run.note(path, error));
      asking.on('continue', () => run.note(path, 'continue'));
      return asking;
    };
    const ask = async (path: string, body?: Buffer, headers = {}) => {
      const asking = start(path, { method: body === undefined ? 'GET' : 'POST', headers });
      if (headers !== undefined && 'expect' in headers) await once(asking, 'continue');
      asking.end(body);
      try {
        const [response] = (await once(asking, 'response')) as [IncomingMessage];
        response.on('aborted', () => run.note(path, 'aborted'));
        const { statusCode, statusMessage } = response;
        const received = await collect(response);
        run.note(path, statusCode, statusMessage, received, response.trailers);
        run.note(path, asking.reusedSocket);
      } catch (error) {
        run.note(path, 'failed', seenError(error));
      }
    };
    for (const path of ['/1', '/2', '/3']) await ask(path);
    await ask('/upload', bytes(1_000_000));
    await ask('/continue', bytes(1_000), { expect: '100-continue' });
    for (const path of ['/lost', '/part', '/after']) await ask(path);

    const arrived = once(app, 'never');
    const never = start('/never').end();
    await arrived;
    never.destroy();
    await closing(never);
    run.note('/never', 'close', never.destroyed);
    run.note('client', 'connects', connects);

    const upgrading = start('/upgrade', { headers: { connection: 'upgrade', upgrade: 'echo' } });
    const [response, socket] = await once(upgrading.end(), 'upgrade');
    run.note('upgrade', response.statusCode);
    socket.write('an echo');
    run.note('upgrade', String((await once(socket, 'data'))[0]));
    socket.end();
    await closing(socket);

    const bad = run.connect();
    bad.write('this is no request\r\n\r\n');
    run.note('bad client', String(await collect(bad)));
    agent.destroy();
  },
};
