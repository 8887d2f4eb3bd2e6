import { EventEmitter, once } from 'node:events';
import { Reactor, wouldBlock } from 'tofu-reactor';

const reactor = new Reactor();
const done = new EventEmitter();
const buffer = Buffer.alloc(2_048);

// Sends each datagram back to its sender.
const server = reactor.bind({ port: 0 }, (socket) => {
  for (;;) {
    const datagram = socket.receiveInto(buffer);
    if (datagram === wouldBlock) return;
    socket.send(buffer.subarray(0, datagram.byteLength), datagram.from);
  }
});

const client = reactor.bind({ port: 0 }, (socket) => {
  const datagram = socket.receiveInto(buffer);
  if (datagram === wouldBlock) return;
  console.log(buffer.toString('utf8', 0, datagram.byteLength), 'from port', datagram.from.port);
  done.emit('answer');
});

client.send(Buffer.from('hello'), server.endpoint);
await once(done, 'answer');
await reactor.close();
