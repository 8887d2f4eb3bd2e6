// Runs on any host, in a process of its own: node --expose-gc events.js WAY [QUICK]. What an event
// costs in JavaScript, when the kernel costs nothing: time and allocation. One line of JSON.
import type { WayName } from 'afd-poller';
import { measureAllocation, measureEvents } from './js-per-event.js';

const [way = 'helper', quick] = process.argv.slice(2) as [WayName, string?];
const turns = quick === 'quick' ? 4_000 : 20_000;
process.stdout.write(
  `${JSON.stringify({ ...measureEvents(way, turns), allocation: measureAllocation(way) })}\n`,
);
