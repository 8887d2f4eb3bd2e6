import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { planRuns } from 'test-kit';
import { expect, test } from 'vitest';
import { runCycles } from './cycles.js';

const script = fileURLToPath(new URL('./ending.mjs', import.meta.url));
/** How a process ends, and with which exit code. */
const ways = [
  ['exit', 7],
  ['throw', 1],
] as const;
/** So many of each way, over 100 ms; 50 with --long. */
const moments = planRuns(5).runs;
/** Cycles of each mode; ten times as many with --long. One of `thread` starts a thread. */
const cycles = { loop: 100, thread: 20, blocking: 100 };
/** A process that takes longer hangs: an idle one ends within half a second here. */
const limitMs = 60_000;

// While the reactor is made, while its thread starts, under load; two at a time.
test.each(['loop', 'thread'])('%s: a process ends at each of several moments', async (mode) => {
  const ends: string[] = [];
  const wanted: string[] = [];
  for (let moment = 0; moment < moments; moment += 1) {
    const ms = Math.round((moment * 100) / moments);
    const pair = ways.map(async ([way, status]) => {
      const child = spawn(process.execPath, [script, way, mode, String(ms)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const timer = setTimeout(() => child.kill(), limitMs);
      const [code] = await once(child, 'close');
      clearTimeout(timer);
      const isThrown = way === 'throw' && said.includes('out of here');
      const what = said === '' || isThrown ? '' : `: ${said.slice(0, 300)}`;
      wanted.push(`${way} after ${ms} ms: ${status}`);
      ends.push(`${way} after ${ms} ms: ${code}${what}`);
    });
    await Promise.all(pair);
  }
  expect(ends).toEqual(wanted);
});

test.each(['loop', 'thread', 'blocking'] as const)(
  '%s: cycles of a server leave no memory and no handle',
  (mode) => runCycles(mode, planRuns(cycles[mode]).runs),
);
