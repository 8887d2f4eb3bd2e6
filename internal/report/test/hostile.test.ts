import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Results } from '@tofu-nt/bench';
import {
  type BenchFigures,
  colours,
  escapeHtml,
  html,
  linkTo,
  readBench,
  readFindings,
} from '@tofu-nt/report';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { page, recorded, result, verdict } from './input.js';
import { textOf } from './parse-page.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'report-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const evil = `"><script>alert(1)</script><img src=x onerror='y'>&amp;`;

describe('text from outside never becomes HTML', () => {
  test('a template escapes inserted text, but not another template', () => {
    expect(
      html`<a href="${evil}">${evil}${html`<b>${1}</b>`}${undefined}${['<', 2]}</a>`.text,
    ).toBe(`<a href="${escapeHtml(evil)}">${escapeHtml(evil)}<b>1</b>&lt;2</a>`);
    expect(escapeHtml(`<&>"'`)).toBe('&lt;&amp;&gt;&quot;&#39;');
    expect(escapeHtml('a\0\u0007\ud800\ufffe\tb\n')).toBe('a\ufffd\ufffd\ufffd\ufffd\tb\n');
  });

  test('a page escapes text in every field of its input', () => {
    const own = recorded('1-iocp');
    const records = own.trace.records.map((record) =>
      record.kind === 'call'
        ? {
            ...record,
            args: record.args.map((arg) => ({ ...arg, text: evil })),
            result: { ...record.result, text: evil },
            error: evil,
          }
        : { ...record, fields: record.fields.map((field) => ({ ...field, text: evil })) },
    );
    const threads = own.trace.threads.map((thread) => ({
      ...thread,
      name: evil,
      isComplete: false,
    }));
    const checks = [{ name: evil, seen: evil, expected: evil, ok: false }];
    const spoilt = result('1-iocp', {
      signal: evil,
      verdict: { ...verdict, claim: evil, reason: evil, checks },
      trace: { windows: evil, windowsNode: evil, trace: { ...own.trace, records, threads } },
    });
    const { figures } = readSample({ host: { ...sample.host, name: evil }, notes: [evil] });
    const speed = figures.speed.map((row) => ({ ...row, workload: evil, label: evil }));
    const {
      errors,
      find,
      html: text,
    } = page({
      results: [spoilt],
      host: [[evil, evil]],
      findings: [{ id: evil, title: evil, href: evil }],
      bench: { file: evil, figures: { ...figures, speed } },
    });
    expect(errors).toEqual([]);
    expect(find('script')).toEqual([]);
    expect(find('img')).toEqual([]);
    expect(text.split(escapeHtml(evil)).length).toBeGreaterThan(150);
  });

  test('a link leads from the page to a file with any name', () => {
    expect(linkTo('/r/report', '/r/kb/FINDINGS.md')).toBe('../kb/FINDINGS.md');
    expect(linkTo('/r/report', '/r/a b/100%#?.md')).toBe('../a%20b/100%25%23%3F.md');
  });

  test('findings come from the sections of kb/FINDINGS.md, each with its link; without kb there are none', () => {
    writeFileSync(
      join(directory, 'FINDINGS.md'),
      '# Findings\n\n## F01 A null, or 0: none\n\ntext\n\n## F20 Ends_here\n',
    );
    expect(readFindings(directory, directory)).toEqual([
      { id: 'F01', title: 'A null, or 0: none', href: 'FINDINGS.md#f01-a-null-or-0-none' },
      { id: 'F20', title: 'Ends_here', href: 'FINDINGS.md#f20-ends_here' },
    ]);
    expect(readFindings(join(directory, 'nowhere'), directory)).toEqual([]);
  });
});

const sample: Results = {
  schema: 1,
  date: '2026-11-22T10:00:00.000Z',
  host: {
    name: 'box',
    cpu: 'some CPU',
    cores: 2,
    system: 'linux x64',
    wine: 'wine-8.0',
    windowsNode: '22.23.3',
    hostNode: '20.20.2',
    commit: undefined,
  },
  settings: { pairs: 5, seconds: 2, generator: 'c', core: 0 },
  speed: [
    {
      workload: 'W1',
      label: 'engine-group',
      rates: [1, 1, 1, 1, 1],
      ratios: [1.1, 1.25, 1.2, 1.3, 9],
      mibs: [],
      p50us: [],
      p99us: [],
      p999us: [],
      p99Ratios: [0.5, 0.75, 0.8],
      serverCpuUs: [],
      wineserverCpuUs: [],
    },
  ],
  foreignCalls: [],
  relayedNtCalls: [],
  memory: [],
  engine: [],
  notes: [],
};

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

function readSample(more: Partial<Results> = {}): { file: string; figures: BenchFigures } {
  write('2026-11-22-box.json', JSON.stringify({ ...sample, ...more }));
  const read = readBench(directory);
  if ('note' in read) throw new Error(read.note);
  return read;
}

describe('the figures of the bench', () => {
  test('the newest file is shown: ratios with their range and a drawing', () => {
    write('2026-11-21-box.json', '{}');
    const bench = readSample();
    const { find, errors } = page({ bench });
    expect(errors).toEqual([]);
    const text = textOf(find('body')[0]);
    expect(text).toContain('2026-11-22-box.json');
    expect(text).toContain('W1: one connection, 64 B ping-pong');
    // The range without the lowest and the highest of five.
    expect(text).toContain('1.25 (1.20–1.30)');
    expect(text).toContain('0.75');
    expect(find('circle', 'median')).toHaveLength(1);
  });

  test('a missing and an empty directory give a note', () => {
    const note = 'No figures: pnpm bench has not run on this machine yet.';
    expect(readBench(join(directory, 'none'))).toEqual({ note });
    mkdirSync(join(directory, 'empty'));
    expect(readBench(join(directory, 'empty'))).toEqual({ note });
  });

  test.each([
    ['broken JSON', '{"schema": 1,', /^No figures: x\.json cannot be read: /],
    ['another schema', '{"schema": 2}', /^No figures: x\.json cannot be read at schema: /],
    ['null', 'null', /^No figures: x\.json cannot be read/],
    [
      'no ratios',
      JSON.stringify({ ...sample, speed: [{ ...sample.speed[0], ratios: [] }] }),
      /at speed\.0\.ratios/,
    ],
    [
      'a ratio that is not a number',
      JSON.stringify({ ...sample, speed: [{ ...sample.speed[0], ratios: ['<b>'] }] }),
      /at speed\.0\.ratios\.0/,
    ],
    ['a date with another form', JSON.stringify({ ...sample, date: '<script>' }), /at date/],
  ])('%s gives one note', (_, text, said) => {
    write('x.json', text);
    const bench = readBench(directory);
    expect(bench).toEqual({ note: expect.stringMatching(said) });
    const { errors, find } = page({ bench });
    expect(errors).toEqual([]);
    expect(find('script')).toEqual([]);
    expect(textOf(find('body')[0])).toContain('cannot be read');
  });
});

/** The contrast of two colours, as WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const [lighter = 0, darker = 0] = [a, b].map(luminance).sort((x, y) => y - x);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test.each([
  ['light', 0],
  ['dark', 1],
] as const)('all text has enough contrast in the %s scheme', (_, index) => {
  const words = ['text', 'faint', 'link', 'good', 'bad', 'odd', 'packet'] as const;
  for (const ground of ['ground', 'panel'] as const) {
    for (const name of words) {
      const ratio = contrast(colours[name][index], colours[ground][index]);
      expect(ratio, `${name} on ${ground}`).toBeGreaterThan(4.5);
    }
  }
  for (const name of ['request', 'wait', 'post', 'other'] as const) {
    const ratio = contrast(colours[name][index], colours.ground[index]);
    expect(ratio, name).toBeGreaterThan(3);
  }
});
