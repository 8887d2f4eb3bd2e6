import {
  type FILE_IO_COMPLETION_INFORMATION,
  type HANDLE,
  type NTSTATUS,
  NtSetIoCompletion,
  STATUS_SUCCESS,
} from 'ntdllx';
import { HelperThread, lateness, type Proof, perSecond } from 'poc-kit';
import type { WakeTask } from './stage0-wake.js';

const threadCount = 4;
const commandsEach = 1_000;
const total = threadCount * commandsEach;
const waits = 100;
const waitMs = 10;

const commands = 'commands from 4 threads';
const early = '100 waits of 10 ms';
const rate = 'posted and taken';

/** What tofu's specifications require of a wake. */
export const wakeFigures = {
  [commands]: '4 × 1,000, none lost, none twice, each thread’s in order',
  [early]: 'none early',
  [rate]: 'the rate over 5 s, reported',
};

/** What the measurements need. */
export interface WakeBench {
  readonly proof: Proof;
  readonly port: HANDLE;
  /** Removes one packet; blocks for at most this time. Returns false if no packet arrived. */
  readonly remove: (timeoutMs: number) => FILE_IO_COMPLETION_INFORMATION | false;
  readonly limitMs: number;
}

/**
 * Four threads post at the same time while this thread removes the packets. Each packet has the
 * number of its thread and its own number.
 */
function countCommands({ proof, port, remove, limitMs }: WakeBench): void {
  const threads = Array.from(
    { length: threadCount },
    () => new HelperThread<WakeTask, NTSTATUS>(new URL('./waker.js', import.meta.url)),
  );
  try {
    for (const thread of threads) thread.ready();
    for (const [index, thread] of threads.entries()) {
      const packet = { key: BigInt(index), context: 1n, status: STATUS_SUCCESS, information: 0n };
      thread.send({ port, packet, count: commandsEach });
    }
    const last = threads.map(() => 0n);
    let [taken, outOfOrder] = [0, 0];
    // Waits with the full limit until all packets have arrived, and then for 100 ms to see that no
    // further one arrives.
    const wait = () => remove(taken < total ? limitMs : 100);
    for (let entry = wait(); entry !== false; entry = wait()) {
      const thread = Number(entry.KeyContext);
      // It must be the next packet of its thread. A repeated or a missing packet breaks the order.
      if (entry.ApcContext !== (last[thread] ?? 0n) + 1n) outOfOrder += 1;
      last[thread] = entry.ApcContext;
      taken += 1;
    }
    const refused = threads.filter((thread) => thread.reply(limitMs) !== STATUS_SUCCESS).length;
    const isWhole = taken === total && outOfOrder + refused === 0;
    const seen = `${taken} taken, ${outOfOrder} out of order, ${refused} threads refused`;
    proof.figure(commands, seen, isWhole);
  } finally {
    for (const thread of threads) thread.close();
  }
}

/** Measures the figures of {@link wakeFigures}. Blocks for some seconds. */
export function takeWakeFigures(bench: WakeBench): void {
  const { proof, port, remove } = bench;
  countCommands(bench);
  const times = lateness(waits, waitMs, (timeoutMs) => remove(timeoutMs));
  const latest = times.latestMs.toFixed(1);
  proof.figure(early, `${times.early} early, the latest ${latest} ms late`, times.early === 0);
  const postAndTake = () => {
    NtSetIoCompletion(port, 0, 1, STATUS_SUCCESS, 0);
    return remove(1_000) === false ? 0 : 1;
  };
  proof.figure(rate, perSecond(postAndTake), true);
}
