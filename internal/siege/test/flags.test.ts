import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { planSeed, readFlags } from '@tofu-nt/siege';
import { describe, expect, test } from 'vitest';

const names = ['worlds', 'texts'];
const read = (...args: readonly string[]) => readFlags(args, names, {});

test('flags that are not given', () => {
  expect(read()).toEqual({ part: [], long: false, record: false, list: false, help: false });
});

test('parts, a seed and --long', () => {
  const flags = read('--part', 'texts', '--part', 'worlds', '--seed', '-7', '--long');
  expect(flags).toMatchObject({ error: expect.stringContaining('--seed') });
  expect(read('--part', 'texts', '--part', 'worlds', '--seed=-7', '--long')).toMatchObject({
    part: ['texts', 'worlds'],
    seed: -7,
    long: true,
  });
});

describe('a slip is refused', () => {
  test.each([
    [['--part', 'word'], /^There is no part "word"\. Known: worlds, texts\.$/],
    [['--part'], /^Option '--part <value>' argument missing\. Known: --part, --long, /],
    [['--bogus'], /^Unknown option '--bogus'\. Known: --part, --long, /],
    [['texts'], /^Unexpected argument 'texts'\. /],
    [['--seed', 'x'], /^--seed wants a whole number of 32 bits, got "x"\.$/],
    [['--seed', '4294967296'], /^--seed wants a whole number of 32 bits, got "4294967296"\.$/],
    [['--seed', '1.5'], /^--seed wants a whole number of 32 bits, got "1\.5"\.$/],
  ])('%j', (args, message) => {
    expect(read(...args)).toEqual({ error: expect.stringMatching(message) });
  });
});

test('a flag that npm keeps for itself is refused', () => {
  const environment = { npm_config_part: '', npm_lifecycle_event: 'siege' };
  expect(readFlags([], names, environment)).toEqual({
    error: 'npm took --part for its own: npm run siege -- --part …',
  });
});

describe('the seed', () => {
  test('that is given goes before everything', () => {
    expect(planSeed(5, { CI: '1', SIEGE_FRESH: '1' })).toEqual({ seed: 5, origin: 'given' });
  });

  test('is the committed one where CI is set', () => {
    expect(planSeed(undefined, { CI: 'true' })).toEqual(planSeed(undefined, { CI: '1' }));
    expect(planSeed(undefined, { CI: 'true' }).origin).toBe('committed');
  });

  test.each([[{}], [{ CI: 'false' }], [{ CI: '' }], [{ CI: 'true', SIEGE_FRESH: '1' }]])(
    'is a fresh one with %j',
    (environment) => {
      const seeds = Array.from({ length: 5 }, () => planSeed(undefined, environment));
      expect(new Set(seeds.map(({ origin }) => origin))).toEqual(new Set(['fresh']));
      expect(new Set(seeds.map(({ seed }) => seed)).size).toBeGreaterThan(1);
      // Each of these seeds can be passed to --seed.
      for (const { seed } of seeds) expect(read('--seed', String(seed))).toMatchObject({ seed });
    },
  );
});

describe('npm run siege', () => {
  const root = resolve(import.meta.dirname, '../../..');
  const siege = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['scripts/siege.mjs', '--no-install', ...args], {
      cwd: root,
      encoding: 'utf8',
    });

  test('--help says every flag', () => {
    const { status, stdout } = siege('--help');
    for (const flag of ['part NAME', 'long', 'seed NUMBER', 'record', 'list', 'no-install']) {
      expect(stdout).toContain(`--${flag}`);
    }
    expect(status).toBe(0);
  });

  test('--list says every part with its limit, and their sum', () => {
    const { status, stdout } = siege('--list');
    expect(stdout).toMatch(/^ {2}worlds +[\d.]+ min {2}\S/m);
    expect(stdout).toMatch(/\n {2}together +[\d.]+ min\n$/);
    expect(status).toBe(0);
  });

  test('refuses a slip at once, with one message and exit code 2', () => {
    const { status, stdout, stderr } = siege('--part', 'nothing');
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(/^There is no part "nothing"\. Known: worlds, /);
    expect(status).toBe(2);
  });
});
