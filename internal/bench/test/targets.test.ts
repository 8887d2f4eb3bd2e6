import { type Results, targetsOf, targetTable } from '@tofu-nt/bench';
import { expect, test } from 'vitest';

const row = (workload: string, label: string, rates: number[], p99Ratios = [1]) =>
  ({ workload, label, rates, ratios: rates.map((rate) => rate / 100), p99Ratios }) as never;

function results(given: Partial<Results>): Results {
  return { speed: [], ...given } as unknown as Results;
}

test('each workload has a target for its rate; a stream is compared with onread with the same buffer', () => {
  const speed = [
    row('W1', 'reactor', [110, 130, 120], [0.9, 1.3, 1.2]),
    row('W1', 'reactor-blocking', [80, 90, 100]),
    row('W1', 'engine-batched', [100, 100, 100]),
    row('W1', 'node-net', [100, 100, 100]),
    row('W4', 'reactor 64K', [150], []),
    row('W4', 'reactor 256K', [900], []),
    row('W4', 'node-net-onread 64K', [200], []),
  ];
  expect(targetsOf(results({ speed }))).toEqual([
    { what: 'W1 reactor, rate to node:net', wanted: 'at least 1', measured: 1.2, holds: true },
    { what: 'W1 reactor, p99 to node:net', wanted: 'at most 1.1', measured: 1.2, holds: false },
    {
      what: 'W1 reactor-blocking, rate to engine-batched',
      wanted: 'at least 0.9',
      measured: 0.9,
      holds: true,
    },
    {
      what: 'W4 reactor, rate to node:net with onread',
      wanted: 'at least 1',
      measured: 0.75,
      holds: false,
    },
  ]);
});

test('delays, fairness and silent connections each have a limit', () => {
  const delays = ['reactor', 'node-net'].map((label) => ({
    workload: 'W2',
    label,
    timerP50Ratios: [1],
    timerP99Ratios: [1.2],
    readP50Ratios: [1.3],
    readP99Ratios: [1.25],
  }));
  const found = targetsOf(
    results({
      delays: delays as never,
      shares: [{ label: 'reactor', connections: 1, slowest: 0.4, fastest: 1, rate: 1 }],
      neighbours: [{ label: 'reactor', ratios: [2] } as never],
      silent: [{ label: 'reactor', ratios: [0.8], alone: [1], beside: [1] }],
      crowds: [{ label: 'reactor', connections: 5_000, p999us: [1], ratios: [2.5] }],
    }),
  );
  expect(found.map(({ holds }) => holds)).toEqual([
    ...[true, true, false, true],
    ...[false, true, true, false],
  ]);
  expect(targetTable(found.slice(2, 3))).toMatch(
    /^\|.*\n\|.*\n\| W2 reactor, fs\.readFile, median \| at most 1\.25 \| 1\.30 \| \*\*missed\*\* \|$/,
  );
});
