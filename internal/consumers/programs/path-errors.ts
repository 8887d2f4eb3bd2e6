import { once } from 'node:events';
import * as nodeNet from 'node:net';
import { Reactor } from 'tofu-reactor';
import { netOn } from 'tofu-reactor/net';

const path = process.argv[2] ?? 'C:\\run\\app.sock';
const reactor = new Reactor();
const net = netOn(reactor);

/** Resolves to the name of the event, or to the message of an error, whichever comes first. */
async function outcome(emitter: NodeJS.EventEmitter, event: string): Promise<string> {
  return once(emitter, event).then(
    () => event,
    ({ message }) => message,
  );
}

console.log('node:net listens:', await outcome(nodeNet.createServer().listen(path), 'listening'));

const server = net.createServer((socket) => socket.end('hello'));
console.log('tofu-reactor listens:', await outcome(server.listen(path), 'listening'));

console.log('node:net connects:', await outcome(nodeNet.connect(path), 'connect'));
const client = net.connect(path);
console.log('tofu-reactor connects:', await outcome(client, 'connect'));
client.destroy();
server.close();
await reactor.close();
