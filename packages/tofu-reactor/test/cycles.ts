import { nativeMemory } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { Reactor, type ReactorMode } from 'tofu-reactor';
import { expect } from 'vitest';

/** This many handles fill the gaps that closed handles have left below a leaked one. */
const probedHandles = 64;
/** The number of clients of each server. */
const clients = 3;
/**
 * How many servers a reactor starts and stops, one after another. In the mode `thread` each
 * reactor starts a thread, so there it starts more.
 */
const serversPerReactor = { loop: 2, blocking: 2, thread: 20 } as const;

/** Opens 64 handles and returns the highest value. It rises by 4 for each leaked handle. */
export function nextHandle(): number {
  const events = Array.from({ length: probedHandles }, () => Number(CreateEventA(0, 1, 0, 0)));
  for (const event of events) CloseHandle(event);
  return Math.max(...events);
}

/** Starts a server with clients, and stops it. */
async function cycle(reactor: Reactor): Promise<void> {
  const server = await reactor.listen({ port: 0 }, (connection) => {
    connection.write('x');
    return connection.close();
  });
  const running = reactor.run();
  const read = async () => {
    const client = await reactor.connect(server.endpoint);
    expect(await client.read(Buffer.alloc(1))).toBe(1);
    await client.close();
  };
  await Promise.all(Array.from({ length: clients }, read));
  await server.close();
  await running;
  expect(reactor.inspect()).toMatchObject({ servers: 0, connections: 0, refs: 0 });
}

/**
 * Runs cycles in one mode. When a reactor is closed, no native memory may be left, and after all
 * cycles no handle.
 */
export async function runCycles(mode: ReactorMode, cycles: number): Promise<void> {
  const each = serversPerReactor[mode];
  const live = async (count: number) => {
    const reactor = new Reactor({ mode });
    for (let round = 0; round < count; round += 1) await cycle(reactor);
    await reactor.close();
    expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
  };
  for (let round = 0; round < 3; round += 1) await live(1);
  const before = nextHandle();
  for (let done = 0; done < cycles; done += each) await live(Math.min(each, cycles - done));
  await expectNoHandleAbove(before);
}

/** Checks that no handle was leaked since {@link nextHandle} returned this value. */
export async function expectNoHandleAbove(before: number): Promise<void> {
  // A thread that has just ended may keep a handle open for a moment.
  const end = performance.now() + 5_000;
  while (nextHandle() > before && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(nextHandle()).toBeLessThanOrEqual(before);
}
