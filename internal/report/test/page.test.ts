import { describe, expect, test } from 'vitest';
import { page, result, verdict } from './input.js';
import { attribute, textOf, within } from './parse-page.js';

describe('the page', () => {
  const { html, errors, elements, find } = page();

  test('the page is well-formed, every id is unique, and every internal link has a target', () => {
    expect(errors).toEqual([]);
    const ids = elements.flatMap((element) => attribute(element, 'id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const named = elements.flatMap((element) =>
      (attribute(element, 'aria-labelledby') ?? '').split(' ').filter(Boolean),
    );
    const targets = find('a').flatMap((a) => /^#(.*)/.exec(attribute(a, 'href') ?? '')?.[1] ?? []);
    expect(targets.length).toBeGreaterThan(5);
    for (const id of [...named, ...targets]) expect(ids).toContain(id);
  });

  test('the page loads nothing: it has no scripts, no sources, and no addresses except those of links', () => {
    const tags = new Set(elements.map(({ tagName }) => tagName));
    for (const tag of ['script', 'link', 'img', 'iframe', 'object', 'base', 'use', 'image']) {
      expect(tags).not.toContain(tag);
    }
    for (const element of elements) {
      for (const { name, value } of element.attrs) {
        if (element.tagName === 'a' && name === 'href') continue;
        expect(`${name}=${value}`).not.toMatch(/^(src|href|srcset|on\w+|style)=|https?:|\/\//);
      }
    }
    // Styles and markers refer only to the page itself.
    for (const [, target] of html.matchAll(/url\(([^)]*)\)/g)) expect(target).toMatch(/^#/);
    expect(html).not.toMatch(/@import|@font-face/);
    const [policy] = find('meta').filter((meta) => attribute(meta, 'http-equiv') !== undefined);
    expect(attribute(policy, 'content')).toBe("default-src 'none'; style-src 'unsafe-inline'");
  });

  test('a screen reader can read the page: ordered headings, scopes of cells, names of drawings', () => {
    const levels = elements.flatMap(({ tagName }) => /^h([1-6])$/.exec(tagName)?.[1] ?? []);
    expect(levels[0]).toBe('1');
    for (const [index, level] of levels.entries()) {
      expect(Number(level) - Number(levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    }
    for (const th of find('th')) expect(attribute(th, 'scope')).toMatch(/^(row|col)(group)?$/);
    const drawings = find('svg').filter((svg) => attribute(svg, 'aria-hidden') !== 'true');
    expect(drawings).toHaveLength(4);
    for (const svg of drawings) {
      expect(attribute(svg, 'role')).toBe('img');
      expect(within(svg, 'title').length).toBeGreaterThan(0);
      expect(textOf(within(svg, 'desc')[0])).not.toBe('');
    }
    expect(attribute(find('html')[0], 'lang')).toBe('en');
  });

  test('the page shows verdict, claim, steps, host and findings', () => {
    const text = textOf(find('body')[0]);
    for (const part of ['2 proven.', 'it arrives', 'packets removed', 'linux x64', 'A title']) {
      expect(text).toContain(part);
    }
    expect(text).toContain('No figures: pnpm bench has not run on this machine yet.');
  });
});

test('the drawing has a bar for each call, and an arrow from the request to its packet', () => {
  const { find } = page({ results: [result('1-iocp')] });
  const [drawing] = find('svg', 'sequence');
  const records = result('1-iocp').trace?.trace.records ?? [];
  const calls = records.filter(({ kind }) => kind === 'call');
  expect(calls.length).toBeGreaterThan(20);
  expect(drawing && within(drawing, 'rect')).toHaveLength(calls.length);
  expect(find('path', 'arrow')).toHaveLength(2);
  expect(textOf(drawing)).toContain('= STATUS_PENDING');
  expect(textOf(drawing)).toMatch(/the packet of #11: STATUS_SUCCESS, socket#1: ACCEPT/);
});

test('the page says how many calls and lines it leaves out', () => {
  const { trace: stage } = result('1-iocp');
  if (stage === undefined) throw new Error('no fixture');
  const { records } = stage.trace;
  // The same calls repeated with other numbers: more than are drawn or written.
  const many = Array.from({ length: 20 }, (_, round) =>
    records
      .filter((record) => record.kind === 'call')
      .map((call) => ({
        ...call,
        number: call.number + round * 100,
        startUs: call.startUs + round * 1e6,
      })),
  ).flat();
  const trace = { ...stage, trace: { ...stage.trace, records: many, callCount: 54_321 } };
  const { find, errors } = page({ results: [result('1-iocp', { trace })] });
  expect(errors).toEqual([]);
  const text = textOf(find('body')[0]);
  expect(text).toContain(`Of 54,321 calls the first ${many.length} were recorded.`);
  expect(text).toContain('The first 120 calls and packets. This command records all of them');
  expect(text).toContain(`400 of ${many.length} lines`);
  const [drawing] = find('svg', 'sequence');
  expect(drawing && within(drawing, 'rect')).toHaveLength(120);
});

describe('a stage that is not proven', () => {
  test('failed: the failed step is marked, and the section is open', () => {
    const checks = [{ name: 'Events returned', expected: '0x80', seen: '0x10', ok: false }];
    const reason = 'Events returned: expected 0x80, saw 0x10';
    const failed = { ...verdict, verdict: 'failed', reason, checks } as const;
    const more = { verdict: failed, outcome: 'failed', exitCode: 1 } as const;
    const { find, errors } = page({
      results: [result('1-iocp', more), result('1-iocp', { build: 'release' })],
    });
    expect(errors).toEqual([]);
    expect(find('tr', 'wrong').map(textOf).join()).toMatch(/Events returned.*0x10.*0x80.*FAIL/s);
    expect(find('span', 'badge', 'failed')).toHaveLength(2);
    expect(find('p', 'reason').map(textOf)).toEqual([reason]);
    expect(textOf(find('title')[0])).toBe('tofu-nt: 1 proven, 1 failed.');
    const parts = find('details', 'result').filter((part) => /Steps/.test(textOf(part)));
    expect(parts.map((part) => attribute(part, 'open'))).toEqual(['', '']);
  });

  test('unsupported: the page shows the reason, and that no call was made', () => {
    const reason = 'This host does not have AF_UNIX.';
    const { trace } = result('1-iocp');
    if (trace === undefined) throw new Error('no fixture');
    const lacking = { ...verdict, verdict: 'unsupported', reason, checks: [] } as const;
    const none = { ...trace, trace: { ...trace.trace, records: [], callCount: 0 } };
    const more = { verdict: lacking, outcome: 'unsupported', exitCode: 3, trace: none } as const;
    const { find, errors } = page({ results: [result('1u-uds', more)] });
    expect(errors).toEqual([]);
    const text = textOf(find('body')[0]);
    for (const part of ['1 unsupported.', reason, 'No step was taken.', 'No NT call was made.']) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('parameter by parameter');
  });

  test('without a verdict and without a trace: the page shows how the process ended', () => {
    const more = { verdict: undefined, trace: undefined, outcome: 'failed' } as const;
    const { find, errors } = page({
      results: [
        result('1-iocp', { ...more, exitCode: 134 }),
        result('0-wake', { ...more, signal: 'SIGKILL' }),
      ],
    });
    expect(errors).toEqual([]);
    const text = textOf(find('body')[0]);
    expect(text).toContain('no verdict, ended with code 134');
    expect(text).toContain('no verdict, ended by SIGKILL');
    expect(text).toContain('There is no trace: the process ended before it had written the file.');
    expect(text).toContain('No trace was recorded, so nothing is compared.');
  });

  test('when no stage ran, the page says so', () => {
    const { find, errors } = page({ results: [] });
    expect(errors).toEqual([]);
    expect(textOf(find('body')[0])).toContain('No stage was run.');
  });
});
