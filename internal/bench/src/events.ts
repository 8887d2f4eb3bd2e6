// Runs on any host, in a process of its own: node --expose-gc events.js PRESET full|quick|allocation.
// What an event costs in JavaScript, when the kernel costs nothing: time and allocation, or allocation
// alone. One line of JSON.
import type { PresetName } from './contestants.js';
import { measureAllocation, measureEvents } from './js-per-event.js';

const [preset = 'batched', depth = 'full'] = process.argv.slice(2) as [PresetName, string?];
const allocation = measureAllocation(preset, false);
const atOnceAllocation = measureAllocation(preset, true);
const turns = depth === 'quick' ? 4_000 : 20_000;
const costs = depth === 'allocation' ? {} : measureEvents(preset, turns);
process.stdout.write(`${JSON.stringify({ ...costs, allocation, atOnceAllocation })}\n`);
