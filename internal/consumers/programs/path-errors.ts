import { once } from 'node:events';
import * as nodeNet from 'node:net';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';

const path = process.argv[2] ?? 'C:\\run\\app.sock';
const reactor = new Reactor();
const net = netOn(reactor);
const server = net.createServer((socket) => socket.end('hello'));

const calls = [
  {
    name: 'node:net listens',
    event: 'listening',
    start: () => nodeNet.createServer().listen(path),
  },
  { name: 'tofu-reactor listens', event: 'listening', start: () => server.listen(path) },
  { name: 'node:net connects', event: 'connect', start: () => nodeNet.connect(path) },
  { name: 'tofu-reactor connects', event: 'connect', start: () => net.connect(path) },
];
for (const { name, event, start } of calls) {
  // The name of the event, or the message of an error, whichever comes first.
  const outcome = await once(start(), event).then(
    () => event,
    ({ message }) => message,
  );
  console.log(`${name}: ${outcome}`);
}
await reactor.close();
