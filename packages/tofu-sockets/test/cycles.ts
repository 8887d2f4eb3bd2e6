import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nativeMemory, ntKernel } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { expectAs } from 'test-kit';
import { SocketCreator, TCPClientAddress, TCPServerAddress } from 'tofu-sockets';
import { winsockUsers } from 'tofu-sockets/internal';
import { expect } from 'vitest';
import { eventually } from './sockets.js';

/** The number of cycles in a round. */
export const cyclesPerRound = 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const creator = new SocketCreator();

async function cycle(): Promise<void> {
  const listener = creator.fromAddress(new TCPServerAddress());
  const { host, port } = listener.localEndpoint();
  const client = creator.fromAddress(new TCPClientAddress(host, port));
  client.connect();
  const accepted = await eventually(() => listener.accept());
  for (const skt of [accepted, client, listener]) skt.close();
}

/** The resources of the process; `handle` is the value that NT would give the next handle. */
function state() {
  collect();
  const handle = CreateEventA(0, 1, 0, 0);
  CloseHandle(handle);
  const { rss, heapUsed } = memoryUsage();
  return { handle, native: nativeMemory(), users: winsockUsers(ntKernel), rss, heapUsed };
}

type State = ReturnType<typeof state>;

/**
 * Runs cycles of listen, connect, accept and close. The process must have the same resources after
 * round 2 and after the last one.
 */
export async function expectSameState(rounds: number): Promise<void> {
  const states: State[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (let count = 0; count < cyclesPerRound; count += 1) await cycle();
    states.push(state());
  }
  const second = states[1] as State;
  const last = states.at(-1) as State;
  expect(second.handle).toBeGreaterThan(0);
  const isSame = last.handle === second.handle;
  expectAs({ handleReuse: isSame ? 'the one that was closed' : 'another' });
  expect(Math.abs(last.handle - second.handle)).toBeLessThan(400);
  expect(last.native).toEqual({ blocks: 0, bytes: 0 });
  expect(last.users).toBe(0);
  // The allowance is for what Node itself allocates. A leak of 512 bytes per cycle would exceed
  // it.
  expect(last.heapUsed - second.heapUsed).toBeLessThan((rounds - 2) * cyclesPerRound * 512);
  // V8 frees pages at times of its own; 1 to 5 MiB were seen.
  expect(last.rss - second.rss).toBeLessThan(16 * 2 ** 20);
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  console.log(
    `next handle 0x${last.handle.toString(16)}; from round 2 to ${rounds} the heap grew by ` +
      `${mib(last.heapUsed - second.heapUsed)} MiB, the process by ${mib(last.rss - second.rss)} MiB`,
  );
}
