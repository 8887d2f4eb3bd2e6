import { createServer } from 'node:http';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';

// Your service. With Express, Koa or Nest: createServer(app), or the server that it gives you.
const service = createServer((request, response) => {
  response.end(`You asked for ${request.url}\n`);
});

// The file, or a port for a host without AF_UNIX.
const name = process.argv[2] ?? 'C:\\run\\app.sock';
const place = /^\d+$/.test(name) ? { port: Number(name), host: '127.0.0.1' } : { path: name };

const server = netOn(new Reactor()).createServer((socket) => service.emit('connection', socket));
server.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
server.listen(place, () => {
  console.log('Listening on', server.address());
  // node:http starts its time-outs for headers and requests at this event.
  service.emit('listening');
});

// After Ctrl-C the server answers the running requests and removes the file.
process.once('SIGINT', () => {
  server.close();
  service.closeIdleConnections();
});
