import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SocketCreator, TCPServerAddress } from 'tofu-sockets';
import { afterEach, expect, test } from 'vitest';

// Two threads, each with a reactor, accept from one listener: each has a handle of its own.

interface Counts {
  readonly accepted: number;
  readonly submits: number;
  /** How late the thread's timer was at most since the last message. */
  readonly lateMs: number;
}

/** G02: how late a timer may be, beyond the lateness of this thread, which has no reactor. */
const lateLimitMs = 100;
const idleMs = 2_000;

let workers: Worker[] = [];
const listener = new SocketCreator().fromAddress(new TCPServerAddress('127.0.0.1', 0));
const { port } = listener.localEndpoint();

async function start(mode: string): Promise<void> {
  const workerData = { socket: Number(listener.socket), mode };
  const script = new URL('./shared-listener.mjs', import.meta.url);
  workers = [0, 1].map(() => new Worker(script, { workerData }));
  for (const [message] of await Promise.all(workers.map((worker) => once(worker, 'message')))) {
    expect(message).toBe('ready');
  }
}

afterEach(async () => {
  const ended = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.postMessage('end');
  await Promise.all(ended);
});

function counts(): Promise<Counts[]> {
  const ask = async (worker: Worker) => {
    const answer = once(worker, 'message');
    worker.postMessage('counts');
    return (await answer)[0] as Counts;
  };
  return Promise.all(workers.map(ask));
}

const sum = (list: readonly Counts[], key: keyof Counts) =>
  list.reduce((total, each) => total + each[key], 0);

/** Connects, and reads to the end. */
async function visit(): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  for await (const part of socket.setEncoding('latin1')) text += part;
  return text;
}

for (const mode of ['thread', 'blocking']) {
  test(`G01 two reactors on one listener are idle without clients [${mode}]`, async () => {
    await start(mode);
    await visit();
    const before = await counts();
    await sleep(idleMs);
    const after = await counts();
    // Each reactor may still poll once more after the client. A reactor that is not idle polls
    // thousands of times.
    expect(sum(after, 'submits') - sum(before, 'submits')).toBeLessThanOrEqual(workers.length);
    const texts = await Promise.all(Array.from({ length: 100 }, visit));
    expect(texts.join('')).toBe('x'.repeat(100));
    expect(sum(await counts(), 'accepted')).toBe(101);
  });

  test(`G02 a reactor continues after another one has accepted its client [${mode}]`, async () => {
    await start(mode);
    await counts();
    let ownLateMs = 0;
    for (let client = 0; client < 500; client += 1) {
      const dueMs = performance.now() + 20;
      const [text] = await Promise.all([visit(), sleep(20)]);
      expect(text).toBe('x');
      ownLateMs = Math.max(ownLateMs, performance.now() - dueMs);
    }
    const after = await counts();
    expect(sum(after, 'accepted')).toBe(500);
    const lateMs = after.map((each) => each.lateMs);
    const shares = after.map(({ accepted }) => accepted);
    process.stdout.write(
      `${mode}: the two reactors accepted ${shares.join(' and ')}; their timers were at most ` +
        `${lateMs.map((ms) => ms.toFixed(0)).join(' and ')} ms late, those of the test ` +
        `${ownLateMs.toFixed(0)} ms\n`,
    );
    for (const ms of lateMs) expect(ms).toBeLessThan(lateLimitMs + 3 * ownLateMs);
  });
}
