import { AfdPoller } from 'afd-poller';
import { serveHelper } from 'poc-kit';
import { type ClientSkt, parseAddress, SocketCreator, wouldBlock } from 'tofu-sockets';
import { ping } from './ping.js';

/**
 * A task of a client: connect to an address, and send pings, each after the answer to the previous
 * one.
 */
export interface PingTask {
  /** An address in tofu's textual form. */
  readonly connectTo: string;
  readonly pings: number;
}

const limitMs = 10_000;

/** @returns how many complete answers were received. */
function pingAll(poller: AfdPoller<undefined>, skt: ClientSkt, pings: number): number {
  const buffer = Buffer.alloc(ping.byteLength);
  let [answered, received] = [0, 0];
  skt.connect();
  poller.add(skt, { connected: true, readable: true });
  while (answered < pings) {
    const [event] = poller.wait(limitMs);
    if (event?.kind !== 'socket') {
      throw new Error(`Ping ${answered + 1} got no answer within ${limitMs} ms.`);
    }
    if (event.isConnectFailed) skt.finishConnect();
    // Under Wine 8 recv returns 0 after a reset, as after a graceful end. So the event decides.
    if (event.isReset) throw new Error(`The server sent a reset after ${answered} answers.`);
    if (event.isConnected) skt.send(ping);
    if (!event.isReadable) continue;
    const count = skt.recv(buffer.subarray(received));
    if (count === 0) throw new Error(`The server ended the stream after ${answered} answers.`);
    if (count !== wouldBlock) received += count;
    if (received < ping.byteLength) continue;
    if (!buffer.equals(ping))
      throw new Error(`The answer to a ping is "${buffer}", not "${ping}".`);
    received = 0;
    answered += 1;
    if (answered < pings) skt.send(ping);
  }
  return answered;
}

function run({ connectTo, pings }: PingTask): number {
  const { address, error } = parseAddress(connectTo, 'client');
  if (error !== undefined) throw error;
  const skt = new SocketCreator().fromAddress(address);
  try {
    const poller = new AfdPoller<undefined>();
    try {
      return pingAll(poller, skt, pings);
    } finally {
      poller.close();
    }
  } finally {
    skt.close();
  }
}

// Each client runs in its own thread with its own poller.
serveHelper<PingTask, number>(run);
