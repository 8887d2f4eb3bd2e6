import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { figuresOf, repeatedFigures } from '@tofu-nt/pipeline/repeated-figures';
import { expect, test } from 'vitest';

// Each figure occurs in only one page, and other pages link to that page. This list has the
// exceptions: equal numbers with different meanings. If a further page has such a number, check its
// meaning and add the page.

const root = resolve(import.meta.dirname, '../../..');
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) =>
    /^(?:README|SECURITY|(?:kb|docs)\/.+|(?:packages|internal)\/[^/]+\/README)\.md$/.test(file),
  )
  .filter((file) => existsSync(join(root, file)));

/** By figure: the meanings in the different pages, and the pages. */
const reasons: Record<string, { readonly why: string; readonly in: readonly string[] }> = {
  '1 MiB': {
    why: 'the maximum of one call; the bytes that a figure of stage 2 sends',
    in: ['packages/poc-stage2-echo/README.md', 'packages/tofu-sockets/README.md'],
  },
  '1 event': { why: 'the name of a stage', in: ['kb/HOSTS.md', 'kb/ROADMAP.md'] },
  '10 ms': {
    why: 'the start of a Unix program; the time-out of a wait in stage 0; the timer of D2 and D6',
    in: [
      'internal/bench/README.md',
      'kb/decisions/D20-links-are-asked-of-the-host.md',
      'packages/poc-stage0-wake/README.md',
    ],
  },
  '10 s': {
    why: 'limits of five different programs; the duration of making a prefix',
    in: [
      'kb/decisions/D05-wineserver.md',
      'kb/decisions/D18-the-prompt.md',
      'packages/nt-findings/README.md',
      'packages/poc-stage1-iocp/README.md',
      'packages/winnode/README.md',
    ],
  },
  '100 time': {
    why: 'the rounds of case C07; the factor of --long',
    in: ['kb/CASES.md', 'kb/decisions/D19-the-siege.md'],
  },
  '16 MiB': {
    why: 'the bytes that case R05 sends; the default of maxBufferedBytes',
    in: ['kb/CASES.md', 'packages/tofu-reactor/README.md'],
  },
  '2 s': {
    why: 'a refused connect on Windows; the default of closeLimitMs',
    in: ['kb/FINDINGS.md', 'packages/afd-poller/README.md'],
  },
  '20 ms': {
    why: 'the start with ten linked packages; the interval at which mode blocking runs the event loop',
    in: ['kb/decisions/D20-links-are-asked-of-the-host.md', 'kb/decisions/D22-in-nodes-loop.md'],
  },
  '256 KiB': {
    why: 'the window of workload W4; the read budget of a connection of the reactor',
    in: ['internal/bench/README.md', 'packages/tofu-reactor/README.md'],
  },
  '3 s': {
    why: 'the duration of a workload; the duration of all findings in one process',
    in: ['internal/bench/README.md', 'kb/decisions/D14-findings-are-probes.md'],
  },
  '50 ms': {
    why: 'the time-out of a poll in a finding; the default of maxBlockMs',
    in: ['kb/FINDINGS.md', 'packages/tofu-reactor/README.md'],
  },
  '60 s': {
    why: 'the time until an unused wineserver ends; the limits of a finding, and of a probe of doctor',
    in: [
      'kb/decisions/D05-wineserver.md',
      'packages/nt-findings/README.md',
      'packages/winnode/README.md',
    ],
  },
  '64 KiB': {
    why: 'the chunks of workload W4; the bytes that case G09 writes; the buffer of a connection of stage 2',
    in: ['internal/bench/README.md', 'kb/CASES.md', 'packages/poc-stage2-echo/README.md'],
  },
  '64 bit': {
    why: 'the width of a pointer',
    in: [
      'kb/TOFU-MAP.md',
      'kb/decisions/D03-addresses-are-numbers.md',
      'packages/poc-stage0-wake/README.md',
    ],
  },
};

test('a figure occurs in one page only, or has its reason in the list', () => {
  expect(pages.length).toBeGreaterThan(50);
  const texts = new Map(pages.map((page) => [page, readFileSync(join(root, page), 'utf8')]));
  const found = Object.fromEntries(
    repeatedFigures(texts).map(([figure, where]) => [figure, [...where].sort()]),
  );
  const accepted = Object.entries(reasons).map(([figure, each]) => [figure, [...each.in].sort()]);
  expect(found).toEqual(Object.fromEntries(accepted));
});

test.each([
  ['takes 38 to 45 s (3 runs), and 4 min 3 s', ['45 s', '3 run', '4 min 3 s']],
  ['| 2,000 connections | 1.6 % |', ['2000 connection', '1.6 %']],
  ['1,088 bytes, 1088 bytes', ['1088 byte']],
  ['Wine 8.0, stage 3, D12, [64 sockets](a/64 s.md), `10 ms`', ['64 socket']],
])('figures of: %s', (text, figures) => {
  expect([...figuresOf(text)].sort()).toEqual([...figures].sort());
});

test('figures in console output do not count', () => {
  expect(figuresOf('before 1 ms\n```console\n$ npm test\n7 s\n```\nafter 2 ms')).toEqual(
    new Set(['1 ms', '2 ms']),
  );
});

test('a figure in two pages is found, also in different notations', () => {
  const texts = new Map([
    ['a', '1,088 bytes and 5 ms'],
    ['b', '1088 bytes'],
    ['c', '7 ms'],
  ]);
  expect(repeatedFigures(texts)).toEqual([['1088 byte', ['a', 'b']]]);
});
