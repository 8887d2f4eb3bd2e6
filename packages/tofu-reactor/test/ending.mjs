// Ends a process whose reactor is busy. The arguments name the way to end it, and the delay in
// milliseconds. Prints the steps that it has reached.
import { Reactor, wouldBlock } from 'tofu-reactor';

const [, , way, mode, afterMs = '50'] = process.argv;
const isEarly = Number(afterMs) < 50;
// An early end may occur before the reactor exists, or while its I/O thread starts.
if (isEarly) setTimeout(end, Number(afterMs));
const reactor = new Reactor({ mode });
process.on('exit', (code) => console.log(`exit ${code} ${reactor.inspect().connections > 0}`));
const buffer = Buffer.alloc(65_536);
let isEnding = false;
const echo = (connection) => {
  connection.onReadable = () => {
    const count = connection.readInto(buffer);
    if (count !== wouldBlock && count > 0 && !isEnding) connection.write(buffer.subarray(0, count));
  };
};
const server = await reactor.listen({ port: 0 }, echo);
const clients = [];
for (let index = 0; index < 8; index += 1) {
  const client = await reactor.connect(server.endpoint);
  echo(client);
  client.write('round and round');
  clients.push(client);
}

if (!isEarly) setTimeout(end, Number(afterMs));

function end() {
  if (way === 'exit') process.exit(7);
  if (way === 'throw') throw new Error('out of here');
  if (way === 'unref') {
    for (const each of [server, ...clients]) each.unref();
    // This script has no references to the accepted connections. They end when the clients end.
    for (const client of clients) client.destroy();
  }
  if (way === 'natural') {
    isEnding = true;
    void server.close();
    for (const client of clients) client.end();
  }
  if (way === 'close') void reactor.close();
}
