// Runs in Windows Node: an HTTP server on the reactor's streams. Prints its port. After a request
// for /end it closes, and prints how many requests it has answered and what is left open.
import { createServer } from 'node:http';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';

const reactor = new Reactor();
let answered = 0;
let failed = 0;

const app = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.url === '/end') {
    response.setHeader('connection', 'close');
    response.end();
    server.close(report);
    return;
  }
  answered += 1;
  response.end(request.url);
});
app.on('clientError', (_error, socket) => {
  failed += 1;
  socket.destroy();
});

const server = netOn(reactor).createServer((socket) => app.emit('connection', socket));
server.listen({ port: 0, host: '127.0.0.1' }, () => say({ port: server.address().port }));

async function report() {
  const { connections, servers } = reactor.inspect();
  await reactor.close();
  say({ answered, failed, connections, servers });
}

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
