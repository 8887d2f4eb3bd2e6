import { Reactor, wouldBlock } from 'tofu-reactor';

const reactor = new Reactor({ maxConnections: 20_000 });
const clients = new Set();
const buffer = Buffer.alloc(65_536); // one for all clients: an idle client needs none

const server = await reactor.listen({ port: 7099 }, (client) => {
  clients.add(client);
  client.onClose = () => clients.delete(client);
  // Close a connection that has sent nothing for an hour.
  client.setTimeout(3_600_000);
  client.onTimeout = () => client.destroy();
  client.onReadable = () => {
    for (;;) {
      const count = client.readInto(buffer);
      if (count === wouldBlock || count === 0) return;
      client.write(`You are one of ${clients.size}\n`);
    }
  };
});
console.log('Listening on', server.endpoint);

setInterval(() => {
  const { rss } = process.memoryUsage();
  console.log(clients.size, 'clients,', Math.round(rss / 2 ** 20), 'MiB in all');
}, 1_000);
await reactor.run();
