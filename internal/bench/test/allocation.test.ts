import { execFileSync } from 'node:child_process';
import { type Allocation, allocationFlags, EventScene, eventsScript, ways } from 'bench';
import { expect, test } from 'vitest';

// What the engine allocates on the heap now, and a little more: never to be raised without a reason.
// A wait into a list of one place is the worst case: numbers beyond 2^31 are boxed on the way.
const mostBytesPerEvent = 120;
const mostBytesPerWait = 2_500;

test.each(ways)('an event of the engine allocates no more than it did [%s]', (way) => {
  const args = [...allocationFlags, eventsScript, way, 'allocation'];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const { allocation } = JSON.parse(said) as { allocation: Allocation };
  console.log(
    `[${way}] ${allocation.bytesPerEvent.toFixed()} bytes an event, ` +
      `${allocation.bytesPerWait.toFixed()} a wait`,
  );
  expect(allocation.bytesPerEvent).toBeLessThan(mostBytesPerEvent);
  expect(allocation.bytesPerWait).toBeLessThan(mostBytesPerWait);
});

test.each(ways)('the kernel without a cost tells each ready socket once a wait [%s]', (way) => {
  const scene = new EventScene(way, 500);
  expect(scene.turns(10)).toBe(640);
  const tokens = [...scene.poller.wait(0, scene.events)].map(({ token }) => token as number);
  expect(tokens.sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, token) => token));
  scene.poller.verify();
  scene.poller.close();
  expect(scene.poller.inspect()).toMatchObject({ isOpen: false, pending: 0 });
});
