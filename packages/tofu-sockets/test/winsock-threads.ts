import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ntKernel } from 'ntdllx';
import { TCPClientAddress, TCPServerAddress, wouldBlock } from 'tofu-sockets';
import { winsockUsers } from 'tofu-sockets/internal';
import { expect } from 'vitest';
import { creator, eventually, keep, pause } from './sockets.js';

// Winsock counts its starts for the whole process; tofu-sockets counts them for each thread.

const wsaNotInitialised = '10093';

/**
 * The work of the threads: how many rounds each runs, as a client of a port, or without one as a
 * listener.
 */
export interface Rounds {
  readonly threads: number;
  readonly rounds: number;
  readonly port?: number;
}

/** Runs threads that start and stop Winsock in each round. @returns what failed in them */
export async function failuresOf({ threads, ...workerData }: Rounds): Promise<string[]> {
  const script = new URL('./winsock-thread.mjs', import.meta.url);
  const run = async (): Promise<string[]> => {
    const worker = new Worker(script, { workerData });
    // Listen for the exit before waiting for the message: both may come in one turn of the loop.
    const exited = once(worker, 'exit');
    const [failures] = await once(worker, 'message');
    await exited;
    return failures;
  };
  return (await Promise.all(Array.from({ length: threads }, run))).flat();
}

/**
 * While this thread has a listener, other threads cannot stop Winsock by undoing their own starts.
 */
export async function expectWinsockStays(rounds: Rounds): Promise<void> {
  const listener = keep(creator.fromAddress(new TCPServerAddress('127.0.0.1', 0)));
  const { port } = listener.localEndpoint();
  let isOver = false;
  let accepted = 0;
  const acceptAll = async () => {
    while (!isOver) {
      const skt = listener.accept();
      if (skt === wouldBlock) await pause(1);
      else {
        accepted += 1;
        skt.close();
      }
    }
  };
  const accepting = acceptAll();
  const failures = await failuresOf({ ...rounds, port }).finally(() => {
    isOver = true;
  });
  await accepting;
  expect(failures.filter((each) => each.startsWith(wsaNotInitialised))).toEqual([]);
  expect(failures).toEqual([]);
  expect(accepted).toBeGreaterThan(0);
  // The threads have undone their own starts of Winsock, but not this thread's: its sockets work.
  expect(winsockUsers(ntKernel)).toBe(1);
  const client = keep(creator.fromAddress(new TCPClientAddress('127.0.0.1', port)));
  client.connect();
  await eventually(() => client.finishConnect());
}
