import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { planRuns } from 'test-kit';
import { expect, test } from 'vitest';
import { runCycles } from './cycles.js';

const script = fileURLToPath(new URL('./ending.mjs', import.meta.url));
/** The ways in which a process ends, and the expected exit codes. */
const ways = [
  ['exit', 7],
  ['throw', 1],
] as const;
/** Further ways, at one moment each, with the expected output. */
const quietWays = ['unref', 'natural', 'close'].flatMap((way) =>
  (['loop', 'thread'] as const).map((mode) => [way, mode] as const),
);
/**
 * The number of processes for each way. They end at different moments within 100 ms; 50 with
 * --long.
 */
const moments = planRuns(5).runs;
/**
 * The number of cycles in each mode; ten times as many with --long. A cycle in the mode `thread`
 * starts a thread.
 */
const cycles = { loop: 100, thread: 20, blocking: 100 };
/**
 * A process that takes longer than this hangs: on an idle machine it ends within half a second.
 */
const limitMs = 60_000;

// The moments are while the reactor is created, while its thread starts, and under load. Two
// processes run at a time.
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

test.each(quietWays)('a process with a busy reactor ends: %s in mode %s', (way, mode) => {
  const args = [script, way, mode, '50'];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: limitMs });
  expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('exit 0') });
});

test.each(['loop', 'thread', 'blocking'] as const)(
  '%s: cycles of a server leave no memory and no handle',
  (mode) => runCycles(mode, planRuns(cycles[mode]).runs),
);
