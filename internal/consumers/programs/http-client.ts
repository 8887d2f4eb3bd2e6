import { request } from 'node:http';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';

const name = process.argv[2] ?? 'C:\\run\\app.sock';
const place = /^\d+$/.test(name) ? { port: Number(name), host: '127.0.0.1' } : { path: name };

const { connect } = netOn(new Reactor());
const sent = request({ path: '/hello', createConnection: () => connect(place) }, (response) => {
  response.pipe(process.stdout);
});
sent.on('error', (error) => {
  console.error(error.message); // connect ENOENT …: no server; ECONNREFUSED: it has ended
  process.exitCode = 1;
});
sent.end();
