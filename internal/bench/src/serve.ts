// Runs in Windows Node: node serve.js SUBJECT BUFFER_BYTES [plain | count | delays]. Prints its
// ports as one line of JSON and serves until it is killed.
import { ntKernel } from 'ntdllx';
import { BlockingServer } from './blocking-server.js';
import { countCalls } from './counting-kernel.js';
import { EngineServer } from './engine-server.js';
import { startHttpServer } from './http-server.js';
import { startNodeServer, startStreamServer } from './node-server.js';
import { startReactorServer } from './reactor-server.js';
import { type ServerPorts, watchDelays } from './server-report.js';
import { engineOf, reactorModes, type SubjectName } from './subjects.js';
import { UvPollServer } from './uv-poll-server.js';

const [name = '', bufferText = '', measuring] = process.argv.slice(2);
const subject = name as SubjectName;
const bufferBytes = Number(bufferText);
const engine = engineOf(subject);
const mode = reactorModes[subject];

/** Written synchronously: this thread may never return to Node's event loop. */
function say(ports: ServerPorts): void {
  process.stdout.write(`${JSON.stringify(ports)}\n`);
}

if (measuring === 'delays') watchDelays();

if (engine !== undefined) {
  const { kernel, calls } =
    measuring === 'count' ? countCalls(ntKernel) : { kernel: ntKernel, calls: undefined };
  const options = { ...engine, bufferBytes, kernel, ...(calls === undefined ? {} : { calls }) };
  const server = new EngineServer(options);
  say(server.ports);
  for (;;) server.turn(Number.POSITIVE_INFINITY);
} else if (subject === 'blocking') {
  const server = new BlockingServer(bufferBytes);
  say(server.ports);
  for (;;) server.turn();
} else if (subject === 'uv-poll') {
  say(new UvPollServer(bufferBytes).ports);
} else if (mode !== undefined) {
  say(await startReactorServer(mode, bufferBytes));
} else if (subject === 'reactor-http' || subject === 'node-http') {
  say(await startHttpServer(subject === 'reactor-http'));
} else if (subject === 'reactor-stream') {
  say(await startStreamServer());
} else {
  const options = subject === 'node-net-onread' ? { onreadBytes: bufferBytes } : {};
  say(await startNodeServer(options));
}
