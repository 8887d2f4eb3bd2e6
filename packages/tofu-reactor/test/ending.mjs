// Ends a process whose reactor is busy. The arguments name the way to end it, the mode, and the
// delay in milliseconds. In the mode `blocking` the reactor is in a worker; in the mode `idle`
// there is none. Prints the steps that it has reached.
import { writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Reactor, wouldBlock } from 'tofu-reactor';

const [way, mode, afterMs = '50'] = isMainThread ? process.argv.slice(2) : workerData;
const isEarly = Number(afterMs) < 50;
const buffer = Buffer.alloc(65_536);
let isEnding = false;
let reactor;
let server;
const clients = [];
let worker;
let interval;

const echo = (connection) => {
  connection.onReadable = () => {
    const count = connection.readInto(buffer);
    if (count !== wouldBlock && count > 0 && !isEnding) connection.write(buffer.subarray(0, count));
  };
};

/** Creates a reactor with eight clients, each of which has its message echoed for ever. */
async function serve() {
  reactor = new Reactor({ mode });
  server = await reactor.listen({ port: 0 }, echo);
  const running = mode === 'blocking' ? reactor.run() : undefined;
  for (let index = 0; index < 8 && !isEnding; index += 1) {
    // An early end closes the server while a client connects.
    const client = await reactor.connect(server.endpoint).catch((error) => {
      if (!isEnding) throw error;
    });
    if (client === undefined) break;
    echo(client);
    client.write('echo this for ever');
    clients.push(client);
  }
  // The process may have decided to end before.
  if (isEnding) endNaturally();
  return running;
}

function endNaturally() {
  isEnding = true;
  clearInterval(interval);
  worker?.postMessage('end');
  void server?.close();
  for (const client of clients) client.end();
}

function end() {
  // The time is measured from here.
  writeSync(1, 'ending\n');
  if (way === 'exit') process.exit(7);
  if (way === 'throw') throw new Error('on purpose');
  if (way === 'unref') {
    for (const each of [server, ...clients]) each.unref();
    // This script has no references to the accepted connections. They end when the clients end.
    for (const client of clients) client.destroy();
  }
  if (way === 'natural') endNaturally();
  if (way === 'close') void reactor.close();
}

if (isMainThread) {
  process.on('exit', (code) =>
    console.log(`exit ${code} ${reactor !== undefined && reactor.inspect().connections > 0}`),
  );
  // An early end may occur before the reactor exists, or while its I/O thread starts.
  if (isEarly) setTimeout(end, Number(afterMs));
  if (mode === 'idle') interval = setInterval(() => {}, 1_000);
  else if (mode !== 'blocking') await serve();
  else {
    worker = new Worker(new URL(import.meta.url), { workerData: [way, mode, afterMs] });
    await new Promise((resolve) => worker.once('message', resolve));
    if (isEnding) endNaturally();
  }
  if (!isEarly) setTimeout(end, Number(afterMs));
} else {
  parentPort.once('message', endNaturally);
  const serving = serve();
  parentPort.postMessage('serving');
  await serving;
}
