import { writeFileSync } from 'node:fs';
import { startTrace, toTraceEvents } from 'nt-trace';
import { Reactor, wouldBlock } from 'tofu-reactor';

const trace = startTrace();

const reactor = new Reactor({ mode: 'blocking' });
const server = await reactor.listen({ port: 0 }, (connection) => {
  connection.write('hello');
  connection.close();
});
const client = reactor.open(server.endpoint);
const buffer = Buffer.alloc(64);
client.onReadable = () => {
  while (![wouldBlock, 0].includes(client.readInto(buffer)));
};
client.onClose = () => server.close();
await reactor.run();
await reactor.close();

const result = trace.stop();
writeFileSync('trace.json', JSON.stringify(toTraceEvents(result, { processName: 'hello' })));
console.log(result.callCount, 'calls are in trace.json');
