// A thread with a hundred clients on a reactor in the mode `blocking`. Each client sends hello and
// then its pings, one after another. It counts what it receives until the server sends goodbye and
// ends the stream.
import { parentPort, workerData } from 'node:worker_threads';
import { type Connection, Reactor, wouldBlock } from 'tofu-reactor';
import type { SktEndpoint } from 'tofu-sockets';
import { kinds, MessageReader, messageBytes, messageOf } from './messages.js';

/** What the stage passes to the thread. */
export interface ClientTask {
  readonly endpoint: SktEndpoint;
  readonly clients: number;
  readonly pingsEach: number;
}

/** What all clients counted together, and what each of them received. */
export interface ClientReport {
  readonly pongs: number;
  readonly heartbeats: readonly number[];
  /** Pongs and heartbeats that did not have the next number. */
  readonly outOfOrder: number;
  /**
   * Clients that received a goodbye with the number of their heartbeats, and then the end of the
   * stream.
   */
  readonly orderlyEnds: number;
  /** Incomplete messages, and messages of an unknown kind. */
  readonly broken: number;
}

const { endpoint, clients, pingsEach } = workerData as ClientTask;
const buffer = Buffer.alloc(65_536);
const heartbeats = new Array<number>(clients).fill(0);
const counts = { pongs: 0, outOfOrder: 0, orderlyEnds: 0, broken: 0 };

function serve(connection: Connection, client: number): void {
  let pongs = 0;
  let isDismissed = false;
  const reader = new MessageReader((kind, value) => {
    if (kind === kinds.pong) {
      pongs += 1;
      counts.pongs += 1;
      if (value !== pongs) counts.outOfOrder += 1;
      if (pongs < pingsEach) connection.write(messageOf(kinds.ping, pongs + 1));
    } else if (kind === kinds.heartbeat) {
      heartbeats[client] = (heartbeats[client] ?? 0) + 1;
      if (value !== heartbeats[client]) counts.outOfOrder += 1;
    } else if (kind === kinds.goodbye) {
      isDismissed = value === heartbeats[client];
    } else counts.broken += 1;
  });
  connection.onReadable = () => {
    for (;;) {
      const count = connection.readInto(buffer);
      if (count === wouldBlock || count === 0) return;
      reader.take(buffer.subarray(0, count));
    }
  };
  connection.onClose = (error) => {
    if (connection.bytesRead % messageBytes !== 0) counts.broken += 1;
    if (isDismissed && error === undefined && connection.isReadEnded) counts.orderlyEnds += 1;
  };
  connection.write(messageOf(kinds.hello, client));
  connection.write(messageOf(kinds.ping, 1));
}

const reactor = new Reactor({ mode: 'blocking', name: 'clients' });
for (let client = 0; client < clients; client += 1) {
  const connection = reactor.open(endpoint);
  serve(connection, client);
}
// Runs until the server has ended all connections.
await reactor.run();
await reactor.close();
parentPort?.postMessage({ ...counts, heartbeats } satisfies ClientReport);
