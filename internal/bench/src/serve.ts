// Runs in Windows Node: node serve.js CONTESTANT BUFFER_BYTES [count]. Says its ports in one line of
// JSON and serves until it is ended.
import { ntKernel } from 'ntdllx';
import { BlockingServer } from './blocking-server.js';
import { type ContestantName, engineOf, reactorModes } from './contestants.js';
import { countCalls } from './counting-kernel.js';
import { EngineServer } from './engine-server.js';
import { startNodeServer } from './node-server.js';
import { startReactorServer } from './reactor-server.js';
import type { ServerPorts } from './server-report.js';
import { UvPollServer } from './uv-poll-server.js';

const [name = '', bufferText = '', counting] = process.argv.slice(2);
const contestant = name as ContestantName;
const bufferBytes = Number(bufferText);
const engine = engineOf(contestant);
const mode = reactorModes[contestant];

/** Written at once: from now on this thread may never come back to Node's event loop. */
function say(ports: ServerPorts): void {
  process.stdout.write(`${JSON.stringify(ports)}\n`);
}

if (engine !== undefined) {
  const { kernel, calls } =
    counting === 'count' ? countCalls(ntKernel) : { kernel: ntKernel, calls: undefined };
  const options = { ...engine, bufferBytes, kernel, ...(calls === undefined ? {} : { calls }) };
  const server = new EngineServer(options);
  say(server.ports);
  for (;;) server.turn(Number.POSITIVE_INFINITY);
} else if (contestant === 'blocking') {
  const server = new BlockingServer(bufferBytes);
  say(server.ports);
  for (;;) server.turn();
} else if (contestant === 'uv-poll') {
  say(new UvPollServer(bufferBytes).ports);
} else if (mode !== undefined) {
  say(await startReactorServer(mode, bufferBytes));
} else {
  const options = contestant === 'node-net-onread' ? { onreadBytes: bufferBytes } : {};
  say(await startNodeServer(options));
}
