import { nativeMemory } from 'ntdllx';
import { type Proof, perSecond } from 'poc-kit';
import type { SktEndpoint } from 'tofu-sockets';
import { connect, nextHandle, turnUntil } from './churn.js';
import type { PingServer } from './ping-server.js';

/** The number of cycles for a figure. A test uses fewer. */
const requiredCycles = 10_000;
/** Cycles before the measurement, so that one-time allocations have been made. */
const warmCycles = 100;

const leaks = '10,000 connects and disconnects';
const memory = 'memory of the process after them';
const rate = 'connects and disconnects';

/** What tofu's specifications require of a server under churn. */
export const stressFigures = {
  [leaks]: 'no handle, no block, no poll left',
  [memory]: 'reported',
  [rate]: 'the rate over 5 s, reported',
};

/** Connects a client and closes it. */
function cycle(server: PingServer<SktEndpoint>): 1 {
  const { counts } = server;
  const wanted = counts.ended + 1;
  connect(server).close();
  turnUntil(server, () => counts.ended === wanted);
  return 1;
}

/** Measures the figures of {@link stressFigures}. Blocks for half a minute. */
export function takeStressFigures(
  proof: Proof,
  newServer: () => PingServer<SktEndpoint>,
  cycles = requiredCycles,
): void {
  const server = newServer();
  try {
    for (let count = 0; count < warmCycles; count += 1) cycle(server);
    const before = { handle: nextHandle(), ...nativeMemory(), rss: process.memoryUsage().rss };
    for (let count = 0; count < cycles; count += 1) cycle(server);
    const handles = nextHandle() - before.handle;
    const blocks = nativeMemory().blocks - before.blocks;
    server.turn(0);
    // Only the listener's poll may be pending.
    const polls = server.poller.inspect().pending - 1;
    const done = server.counts.ended - warmCycles;
    const seen = `${done} done; ${handles} handles, ${blocks} blocks, ${polls} polls left`;
    proof.figure(leaks, seen, done === cycles && handles === 0 && blocks === 0 && polls === 0);
    const grown = (process.memoryUsage().rss - before.rss) / 2 ** 20;
    proof.figure(memory, `${grown.toFixed(1)} MiB more than before`, true);
    proof.figure(
      rate,
      perSecond(() => cycle(server)),
      true,
    );
  } finally {
    server.close();
  }
}
