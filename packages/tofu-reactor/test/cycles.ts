import { nativeMemory } from 'ntdllx';
import { CloseHandle, CreateEventA } from 'ntdllx/kernel32';
import { Reactor, type ReactorMode } from 'tofu-reactor';
import { expect } from 'vitest';

/** This many handles fill the gaps that closed handles have left below a leaked one. */
const probedHandles = 64;

/** Opens 64 handles and returns the highest value. It rises by 4 for each leaked handle. */
function nextHandle(): number {
  const events = Array.from({ length: probedHandles }, () => Number(CreateEventA(0, 1, 0, 0)));
  for (const event of events) CloseHandle(event);
  return Math.max(...events);
}

/** Creates a server and a client, and closes them. */
async function cycle(mode: ReactorMode): Promise<void> {
  const reactor = new Reactor({ mode });
  const server = await reactor.listen({ port: 0 }, (connection) => connection.end('x'));
  const running = reactor.run();
  const client = await reactor.connect(server.endpoint);
  expect(await client.read(Buffer.alloc(1))).toBe(1);
  await reactor.close();
  await running;
}

/**
 * Runs cycles in one mode. After each cycle no native memory may be left, and after all cycles no
 * handle.
 */
export async function runCycles(mode: ReactorMode, cycles: number): Promise<void> {
  const verify = () => expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
  for (let round = 0; round < 3; round += 1) await cycle(mode);
  const before = nextHandle();
  for (let round = 0; round < cycles; round += 1) {
    await cycle(mode);
    verify();
  }
  // A thread that has just ended may keep a handle open for a moment.
  const end = performance.now() + 5_000;
  while (nextHandle() > before && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(nextHandle()).toBeLessThanOrEqual(before);
}
