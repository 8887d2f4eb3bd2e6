import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compare, compareReport, type Results, report, summarize } from '@tofu-nt/bench';
import { runScript } from 'test-kit';
import { describe, expect, test } from 'vitest';

interface Figures {
  readonly ratios?: readonly number[];
  readonly calls?: number;
  readonly ns?: readonly number[];
  readonly host?: string;
}

const quiet = [1, 1.01, 0.99, 1.02, 0.98, 1, 1];

function results({
  ratios = quiet,
  calls = 4,
  ns = [300, 301, 302],
  host = 'a',
}: Figures): Results {
  const micro = summarize([1, 2, 3]);
  return {
    schema: 1,
    date: '2026-01-02T03:04:05.000Z',
    host: {
      name: host,
      cpu: 'a processor',
      cores: 2,
      system: 'linux x64',
      wine: 'wine-8.0',
      windowsNode: '22.23.3',
      hostNode: '20.20.2',
      commit: 'abcdef0',
    },
    settings: { pairs: ratios.length, seconds: 0.7, generator: 'c', core: 1 },
    speed: [
      {
        workload: 'W1',
        label: 'engine-single',
        rates: ratios.map((ratio) => 5_000 * ratio),
        ratios,
        mibs: ratios,
        p50us: ratios,
        p99us: ratios,
        p999us: ratios,
        p99Ratios: ratios,
        serverCpuUs: ratios,
        wineserverCpuUs: [],
      },
    ],
    foreignCalls: [{ workload: 'W1', label: 'engine-single', calls: { recv: 1, send: calls - 1 } }],
    relayedNtCalls: [],
    memory: [],
    engine: [
      {
        preset: 'single',
        events: {
          noCostNs: { 0: summarize(ns) },
          atOnceNs: summarize(ns),
          flatness: 1,
          simNtNs: summarize(ns),
          allocation: { bytesPerEvent: 0, bytesPerWait: 0 },
        },
        micro: [{ sockets: 1, arm: micro, cancel: micro, event: micro, wake: micro, wait: micro }],
      },
    ],
    notes: [],
  };
}

const verdicts = (before: Figures, after: Figures) =>
  compare(results(before), results(after)).map(({ verdict }) => verdict);

describe('compare', () => {
  test('a result compared with itself has only the verdict same', () => {
    expect(verdicts({}, {})).toEqual(['same', 'same', 'same', 'same']);
  });

  test('a rate that fell below the range of the first result is slower', () => {
    expect(verdicts({}, { ratios: quiet.map((ratio) => 0.9 * ratio) })[0]).toBe('slower');
    expect(verdicts({}, { ratios: quiet.map((ratio) => 1.1 * ratio) })[0]).toBe('faster');
  });

  test('the same fall inside the range is not slower', () => {
    const noisy = [0.5, 0.7, 0.8, 1, 1.2, 1.3, 1.5];
    expect(verdicts({ ratios: noisy }, { ratios: noisy.map((ratio) => 0.9 * ratio) })[0]).toBe(
      'same',
    );
  });

  test('one outlier in each result does not hide a lower rate', () => {
    const before = [1, 1, 1, 1, 1, 1.01, 0.2];
    const after = [0.8, 0.8, 0.8, 0.8, 0.8, 0.81, 3];
    expect(verdicts({ ratios: before }, { ratios: after })[0]).toBe('slower');
  });

  test('a change of less than three percent is ignored, even with a narrow range', () => {
    const still = [1, 1, 1, 1, 1];
    expect(verdicts({ ratios: still }, { ratios: still.map(() => 0.98) })[0]).toBe('same');
    expect(verdicts({ ratios: still }, { ratios: still.map(() => 0.96) })[0]).toBe('slower');
  });

  test('a result of one round has no range, so the verdict is unknown', () => {
    const [few, one] = [{ ratios: [1, 1.01] }, { ratios: [0.2] }];
    expect(verdicts(one, { ratios: [2] })[0]).toBe('unknown');
    expect(verdicts(few, one)[0]).toBe('unknown');
    expect(verdicts(one, few)[0]).toBe('unknown');
    expect(verdicts(few, { ratios: [0.2, 0.21] })[0]).toBe('slower');
  });

  test('one more foreign call per message is slower, one less is faster', () => {
    expect(verdicts({ calls: 4 }, { calls: 5 })[1]).toBe('slower');
    expect(verdicts({ calls: 4 }, { calls: 3 })[1]).toBe('faster');
  });

  test('nanoseconds are compared on one host only', () => {
    const slow = { ns: [400, 401, 402] };
    expect(verdicts({}, slow).slice(2)).toEqual(['slower', 'slower']);
    expect(verdicts({}, { ...slow, host: 'b' })).toHaveLength(2);
  });

  test('a figure that only the second file has is left out; a figure that only the first file has is missing', () => {
    const old = results({});
    for (const { events } of old.engine) delete (events as { atOnceNs?: unknown }).atOnceNs;
    expect(compare(old, results({}))).toHaveLength(3);
    expect(compare(results({}), old).map(({ verdict }) => verdict)).toEqual([
      'same',
      'same',
      'same',
      'missing',
    ]);
  });

  test('rows of older files are found under their present names', () => {
    const today = results({});
    const older: Results = JSON.parse(
      JSON.stringify(today)
        .replaceAll('engine-single', 'engine-helper')
        .replace('"preset":"single"', '"way":"helper"'),
    );
    const list = compare(older, today);
    expect(list.map(({ verdict }) => verdict)).toEqual(['same', 'same', 'same', 'same']);
    expect(list[0]?.what).toBe('W1 engine-single, rate to node:net');
  });

  test('F2: a longer latency is slower; F1: a single sample has the verdict unknown', () => {
    const fair = (slowest: number, ratios: readonly number[]): Results => ({
      ...results({}),
      shares: [{ label: 'engine-batched', connections: 1_000, slowest, fastest: 1.1, rate: 9_000 }],
      neighbours: [
        { label: 'engine', ratios, p99Alone: ratios, p99Beside: ratios, streamMibs: ratios },
      ],
    });
    const fairnessOf = (before: Results, after: Results) =>
      compare(before, after)
        .filter(({ what }) => what.startsWith('F'))
        .map(({ what, verdict }) => `${what}: ${verdict}`);
    const was = fair(0.9, [1.1, 1.2, 1.3]);
    expect(fairnessOf(was, fair(0.8, [1.2, 1.4, 1.6]))).toEqual([
      'F1 engine-batched, share of the slowest: unknown',
      'F2 engine, p99 with a streaming connection: same',
    ]);
    expect(fairnessOf(was, fair(0.3, [2, 2.1, 2.2]))).toEqual([
      'F1 engine-batched, share of the slowest: unknown',
      'F2 engine, p99 with a streaming connection: slower',
    ]);
    expect(fairnessOf(was, results({}))).toEqual([
      'F1 engine-batched, share of the slowest: missing',
      'F2 engine, p99 with a streaming connection: missing',
    ]);
    // Older results, which did not measure fairness, have no such rows.
    expect(fairnessOf(results({}), was)).toEqual([]);
    const text = report(was);
    expect(text).toMatch(
      /### Fairness, F1.*\n\n.*\n.*\n\| engine-batched \| 0\.90 \| 1\.10 \| 9,000 \|/,
    );
    expect(text).toMatch(/### Fairness, F2.*\n\n.*\n.*\n\| engine \| \*\*1\.20\*\* /);
  });

  test('a row that the second file lacks is missing', () => {
    const after = { ...results({}), foreignCalls: [], engine: [], speed: [] };
    const list = compare(results({}), after);
    expect(list.map(({ verdict }) => verdict)).toEqual(['missing', 'missing', 'missing']);
    expect(compareReport(list)).toContain('| W1 engine-single, rate to node:net | missing |');
    expect(compare(after, results({}))).toEqual([]);
  });

  test('the report lists changes first', () => {
    const list = compare(results({}), results({ calls: 5 }));
    const lines = compareReport(list).split('\n');
    expect(lines[2]).toBe(
      '| W1 engine-single, foreign calls per message | slower | -25.0 % | 4.00 | 5.00 |',
    );
  });
});

test('the table names date, host, versions and options of the measurement', () => {
  const text = report(results({}));
  const [line] = text.split('\n');
  expect(line).toBe(
    '2026-01-02; a processor, 2 cores; linux x64; wine-8.0; Windows Node 22.23.3; Node 20.20.2; ' +
      'commit abcdef0; generator in C; all on core 1; 7 rounds of 0.7 s',
  );
  expect(text).toContain('| engine-single | **1.00** (0.99–1.01) | 5,000 |');
  expect(text).toContain('### Foreign calls per message');
  expect(text).not.toContain('relay');
});

test.each<[what: string, change: object]>([
  ['no ratios', { speed: [{ workload: 'W1', label: 'engine', ratios: [] }] }],
  [
    'a ratio that is not a number',
    { speed: [{ workload: 'W1', label: 'engine', ratios: [null] }] },
  ],
  ['a row without ratios', { speed: [{ workload: 'W1', label: 'engine' }] }],
  ['a row of F2 without ratios', { neighbours: [{ label: 'engine', ratios: [] }] }],
  ['no foreign calls', { foreignCalls: undefined }],
])('a file with %s is rejected, and the message names the file', async (_what, change) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-compare-'));
  const file = join(directory, 'result.json');
  try {
    writeFileSync(file, JSON.stringify({ ...results({}), ...change }));
    const main = join(dirname(createRequire(import.meta.url).resolve('@tofu-nt/bench')), 'main.js');
    const { status, stderr } = await runScript(main, ['compare', file, file]);
    expect(stderr.slice(0, file.length)).toBe(file);
    expect(stderr.slice(file.length)).toMatch(
      /^ (has a row without measurements: engine|is not a result file of this bench)\.\n$/,
    );
    expect(status).toBe(2);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
