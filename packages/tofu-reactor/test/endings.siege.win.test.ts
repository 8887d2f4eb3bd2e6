import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { checkRunsAsync, planRuns } from 'test-kit';
import { expect, test } from 'vitest';
import { runCycles } from './cycles.js';

const script = fileURLToPath(new URL('./ending.mjs', import.meta.url));
/** The ways in which a process ends, and the expected exit codes. */
const ways = { exit: 7, throw: 1, natural: 0 } as const;
type Way = keyof typeof ways;
const wayNames = Object.keys(ways) as Way[];
/** Further ways, at one moment each. */
const quietWays = ['unref', 'close'].flatMap((way) =>
  (['loop', 'thread'] as const).map((mode) => [way, mode] as const),
);

/** The number of processes in each mode; ten times as many with --long. */
const ordinaryMoments = 20;
const moments = planRuns(ordinaryMoments).runs;
/** The moments are within this time after the start of the script. */
const withinMs = 150;
/** The number of cycles in each mode. */
const cycles = planRuns(1_000).runs;
/**
 * A process that takes longer than this hangs: on an idle machine it ends within half a second.
 */
const limitMs = 60_000;
/**
 * How much longer than an idle process a process with a reactor may need to end, in the median.
 * The goal is 100 ms, and 1,500 ms for a worker in the mode `blocking`; the test prints the
 * figures. On a busy machine both processes need longer, so the idle time is multiplied, too.
 */
const extraMs = { loop: 100, thread: 100, blocking: 1_500 } as const;
const busyFactor = 3;

/** Runs one process. @returns its exit code, and how long it took from its decision to end. */
async function endOnce(way: Way, mode: string, afterMs: number) {
  const child = spawn(process.execPath, [script, way, mode, `${afterMs}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors, beganMs] = ['', '', Number.NaN];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.includes('ending')) beganMs ||= performance.now();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const timer = setTimeout(() => child.kill(), limitMs);
  const closed = once(child, 'close');
  const [code] = await once(child, 'exit');
  const tookMs = performance.now() - beganMs;
  await closed;
  clearTimeout(timer);
  const isExpected = errors === '' || (way === 'throw' && errors.includes('on purpose'));
  return { code, tookMs, errors: isExpected ? '' : errors.slice(0, 300) };
}

const sorted = (times: readonly number[]) => [...times].sort((a, b) => a - b);
const part = (times: readonly number[], of: number) =>
  sorted(times)[Math.min(times.length - 1, Math.floor(of * times.length))] as number;

test.each(quietWays)('a process with a busy reactor ends by %s in mode %s', (way, mode) => {
  const args = [script, way, mode, '50'];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: limitMs });
  expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('exit 0') });
});

test.each(['loop', 'thread', 'blocking'] as const)(
  'in mode %s a process ends at any moment about as fast as an idle one',
  async (mode) => {
    const times: number[] = [];
    const idleTimes: number[] = [];
    await checkRunsAsync(ordinaryMoments, 1, async (choices) => {
      const way = wayNames[choices.below(wayNames.length)] as Way;
      const afterMs = choices.below(withinMs);
      // At the same time, so that other work of the machine delays both alike.
      const [own, idle] = await Promise.all([
        endOnce(way, mode, afterMs),
        endOnce(way, 'idle', afterMs),
      ]);
      for (const end of [own, idle]) expect(end).toMatchObject({ code: ways[way], errors: '' });
      times.push(own.tookMs);
      idleTimes.push(idle.tookMs);
    });
    const figures = (name: string, list: readonly number[]) => {
      const [median, most] = [part(list, 0.5), part(list, 1)].map((ms) => ms.toFixed(0));
      return `${name}: median ${median} ms, at most ${most} ms`;
    };
    const text = `${figures(mode, times)}; ${figures('idle', idleTimes)}`;
    process.stdout.write(`${moments} endings, ${text}\n`);
    expect(part(times, 0.5)).toBeLessThan(busyFactor * part(idleTimes, 0.5) + extraMs[mode]);
  },
);

test.each(['loop', 'thread', 'blocking'] as const)(
  'in mode %s cycles of a server with clients leave no memory and no handle',
  (mode) => runCycles(mode, cycles),
);
