// Runs on any host, in a process of its own: node --expose-gc events.js WAY full|quick|allocation.
// What an event costs in JavaScript, when the kernel costs nothing: time and allocation, or allocation
// alone. One line of JSON.
import type { WayName } from 'afd-poller';
import { measureAllocation, measureEvents } from './js-per-event.js';

const [way = 'group', depth = 'full'] = process.argv.slice(2) as [WayName, string?];
const allocation = measureAllocation(way, false);
const atOnceAllocation = measureAllocation(way, true);
const turns = depth === 'quick' ? 4_000 : 20_000;
const costs = depth === 'allocation' ? {} : measureEvents(way, turns);
process.stdout.write(`${JSON.stringify({ ...costs, allocation, atOnceAllocation })}\n`);
