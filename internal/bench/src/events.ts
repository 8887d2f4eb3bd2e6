// Runs on any host in a process of its own: node --expose-gc events.js PRESET
// full|quick|allocation. Measures what an event costs in JavaScript on a kernel without cost: time
// and allocation, or allocation alone. Prints one line of JSON.

import { measureAllocation, measureEvents } from './js-per-event.js';
import type { PresetName } from './subjects.js';

const [preset = 'batched', depth = 'full'] = process.argv.slice(2) as [PresetName, string?];
const allocation = measureAllocation(preset, false);
const atOnceAllocation = measureAllocation(preset, true);
const turns = depth === 'quick' ? 4_000 : 20_000;
const costs = depth === 'allocation' ? {} : measureEvents(preset, turns);
process.stdout.write(`${JSON.stringify({ ...costs, allocation, atOnceAllocation })}\n`);
