import { type Generator, Loader } from './generator.js';
import type { NeighbourRow, ShareRow } from './results.js';
import type { Servers } from './servers.js';
import { type Entry, loadOf } from './workloads.js';

const warmupSeconds = 0.2;
/**
 * The least number of messages of a connection: with fewer, chance determines its share. A slow
 * host runs longer to reach it.
 */
const messagesEach = 15;
const longestFactor = 3;
/**
 * The streaming connection runs this much longer than the others, so that it covers their whole
 * time.
 */
const longerSeconds = warmupSeconds + 0.15;

/** The duration of the measurement, the generator, and the callback of its progress. */
export interface FairnessOptions {
  readonly seconds: number;
  readonly rounds: number;
  readonly generator: Generator;
  readonly say: (line: string) => void;
}

/**
 * F1: the messages of the least served of a thousand active connections, compared with the others.
 */
export async function measureShare(
  servers: Servers,
  { subject, bufferBytes, label }: Entry,
  { seconds, generator, say }: Omit<FairnessOptions, 'rounds'>,
): Promise<ShareRow> {
  const server = await servers.start({ subject, bufferBytes, label });
  const load = loadOf('W6');
  const loader = await Loader.open(generator, server.port, load);
  try {
    // After this, all connections are accepted and V8 has compiled the code.
    const first = await loader.time(0, warmupSeconds);
    const wanted = (messagesEach * load.active * first.seconds) / first.messages;
    const enough = Math.min(Math.max(wanted, seconds), longestFactor * seconds);
    const result = await loader.time(warmupSeconds, enough);
    const fair = result.messages / load.active;
    const [slowest, fastest] = [result.slowest / fair, result.fastest / fair];
    const rate = result.messages / result.seconds;
    say(`F1 ${label}: slowest ${slowest.toFixed(2)}, fastest ${fastest.toFixed(2)} of the share`);
    return { label, connections: load.active, slowest, fastest, rate };
  } finally {
    // The server ends before its clients: see measureSpeed.
    await server.stop();
    await loader.close();
  }
}

/** F2: the effect of one connection that streams as fast as it can on the latency of 64 others. */
export async function measureNeighbour(
  servers: Servers,
  { subject, bufferBytes, label }: Entry,
  { seconds, rounds, generator, say }: FairnessOptions,
): Promise<NeighbourRow> {
  const server = await servers.start({ subject, bufferBytes, label });
  const loaders: Loader[] = [];
  const open = async (id: string) => {
    const loader = await Loader.open(generator, server.port, loadOf(id));
    loaders.push(loader);
    return loader;
  };
  const p99Alone: number[] = [];
  const p99Beside: number[] = [];
  const streamMibs: number[] = [];
  try {
    const [others, stream] = [await open('W2'), await open('W4')];
    for (const loader of loaders) await loader.time(warmupSeconds, seconds / 2);
    for (let round = 1; round <= rounds; round += 1) {
      const alone = await others.time(warmupSeconds, seconds);
      const [streamed, beside] = await Promise.all([
        stream.time(0, seconds + longerSeconds),
        others.time(warmupSeconds, seconds),
      ]);
      p99Alone.push(alone.p99us);
      p99Beside.push(beside.p99us);
      streamMibs.push(streamed.bytes / streamed.seconds / 1_048_576);
      const ratio = (beside.p99us / alone.p99us).toFixed(2);
      say(
        `F2 ${round}/${rounds}  ${label}: p99 of 64 with a streaming connection: ${ratio} times as long`,
      );
    }
  } finally {
    await server.stop();
    for (const loader of loaders) await loader.close();
  }
  const ratios = p99Beside.map((value, index) => value / (p99Alone[index] as number));
  return { label, ratios, p99Alone, p99Beside, streamMibs };
}
