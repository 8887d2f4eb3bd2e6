import { request } from 'node:http';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';

const name = process.argv[2] ?? 'C:\\run\\app.sock';
const place = /^\d+$/.test(name) ? { port: Number(name), host: '127.0.0.1' } : { path: name };

const { connect } = netOn(new Reactor());
request({ path: '/hello', createConnection: () => connect(place) }, (response) => {
  response.pipe(process.stdout);
}).end();
