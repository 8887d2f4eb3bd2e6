import * as nodeNet from 'node:net';
import { Reactor } from 'tofu-reactor';
import { netOn, Socket } from 'tofu-reactor/net';
import { temporaryUDSPath } from 'tofu-sockets';
import { expect } from 'vitest';
import { asDuplex } from './plain-duplex.js';
import { type Place, Run, type Scenario, type Transcript, type Transport } from './run.js';

const newPort = (): Place => ({ port: 0, host: '127.0.0.1' });

/** Plays a scenario over one transport. */
async function play({ play }: Scenario, transport: Transport): Promise<Transcript> {
  const run = new Run(transport);
  await play(run);
  await run.close();
  return run.transcript;
}

/** Plays a scenario over `node:net`. */
function playOnNode(scenario: Scenario): Promise<Transcript> {
  const { createServer, connect } = nodeNet;
  const newSocket = () => new nodeNet.Socket();
  const transport = { createServer, connect, newSocket, newPlace: newPort };
  return play(scenario, transport as unknown as Transport);
}

/**
 * Plays a scenario over `node:net` behind a plain stream: Node's \`tls\` and \`http2\` then use the
 * stream as they use the reactor's, not the handle of the socket.
 */
function playOnDuplex(scenario: Scenario): Promise<Transcript> {
  const createServer = (options: object, onConnection: (socket: nodeNet.Socket) => void) =>
    nodeNet.createServer(options, (socket) => onConnection(asDuplex(socket)));
  const connect = (options: nodeNet.NetConnectOpts) => asDuplex(nodeNet.connect(options));
  const newSocket = () => new nodeNet.Socket();
  const transport = { createServer, connect, newSocket, newPlace: newPort };
  return play(scenario, transport as unknown as Transport);
}

/** Plays a scenario over the reactor's streams. Afterwards no connection may be open. */
async function playOnReactor(scenario: Scenario, newPlace: () => Place): Promise<Transcript> {
  const reactor = new Reactor();
  const newSocket = () => new Socket(reactor);
  const transport = { ...netOn(reactor), newSocket, newPlace };
  try {
    const transcript = await play(scenario, transport as unknown as Transport);
    expect(reactor.inspect()).toMatchObject({ connections: 0, servers: 0, refs: 0 });
    return transcript;
  } finally {
    await reactor.close();
  }
}

/** The transcript of a scenario without the reactor. */
async function referenceOf(scenario: Scenario): Promise<Transcript> {
  const onNode = await playOnNode(scenario);
  if (!scenario.isAdapted) return onNode;
  const onDuplex = await playOnDuplex(scenario);
  // If both are equal, Node no longer treats the two streams differently: remove isAdapted.
  expect(onDuplex).not.toEqual(onNode);
  return onDuplex;
}

/** Plays a scenario over TCP on both transports, and compares the transcripts. */
export async function compare(scenario: Scenario): Promise<void> {
  const onNode = await referenceOf(scenario);
  expect(Object.keys(onNode).length).toBeGreaterThan(0);
  expect(await playOnReactor(scenario, newPort)).toEqual(onNode);
}

/** Compares a scenario over AF_UNIX on the reactor with the same over TCP on `node:net`. */
export async function compareOverFile(scenario: Scenario): Promise<void> {
  const onNode = await referenceOf(scenario);
  expect(await playOnReactor(scenario, () => ({ path: temporaryUDSPath() }))).toEqual(onNode);
}
