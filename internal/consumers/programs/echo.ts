import { Reactor, wouldBlock } from 'tofu-reactor';

const reactor = new Reactor();
const buffer = Buffer.alloc(65_536);

const server = await reactor.listen({ port: 7099 }, (connection) => {
  connection.onReadable = () => {
    for (;;) {
      const count = connection.readInto(buffer);
      if (count === wouldBlock || count === 0) return;
      connection.write(buffer.subarray(0, count));
    }
  };
});
console.log('Listening on', server.endpoint);
await reactor.run();
