import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { planSeed, readFlags } from '@tofu-nt/siege';
import { describe, expect, test } from 'vitest';

const names = ['worlds', 'texts'];
const read = (...args: readonly string[]) => readFlags(args, names, {});

test('the defaults of all flags', () => {
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

describe('wrong arguments are rejected', () => {
  test.each([
    [['--part', 'word'], /^Unknown part "word"\. Known: worlds, texts\.$/],
    [['--part'], /^Option '--part <value>' argument missing\. Known: --part, --long, /],
    [['--bogus'], /^Unknown option '--bogus'\. Known: --part, --long, /],
    [['texts'], /^Unexpected argument 'texts'\. /],
    [['--seed', 'x'], /^--seed needs a whole number of 32 bits, got "x"\.$/],
    [['--seed', '4294967296'], /^--seed needs a whole number of 32 bits, got "4294967296"\.$/],
    [['--seed', '1.5'], /^--seed needs a whole number of 32 bits, got "1\.5"\.$/],
  ])('%j', (args, message) => {
    expect(read(...args)).toEqual({ error: expect.stringMatching(message) });
  });
});

test('a flag that npm keeps for itself is rejected', () => {
  const environment = { npm_config_part: '', npm_lifecycle_event: 'siege' };
  expect(readFlags([], names, environment)).toEqual({
    error: 'npm kept --part for itself. Write -- before it: npm run siege -- --part …',
  });
});

describe('the seed', () => {
  test('a given seed takes precedence', () => {
    expect(planSeed(5, { CI: '1', SIEGE_FRESH: '1' })).toEqual({ seed: 5, origin: 'given' });
  });

  test('the seed is the committed one if CI is set', () => {
    expect(planSeed(undefined, { CI: 'true' })).toEqual(planSeed(undefined, { CI: '1' }));
    expect(planSeed(undefined, { CI: 'true' }).origin).toBe('committed');
  });

  test.each([[{}], [{ CI: 'false' }], [{ CI: '' }], [{ CI: 'true', SIEGE_FRESH: '1' }]])(
    'the seed is fresh with %j',
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

  test('--help lists every flag', () => {
    const { status, stdout } = siege('--help');
    for (const flag of ['part NAME', 'long', 'seed NUMBER', 'record', 'list', 'no-install']) {
      expect(stdout).toContain(`--${flag}`);
    }
    expect(status).toBe(0);
  });

  test('--list prints every part with its limit, and the sum of the limits', () => {
    const { status, stdout } = siege('--list');
    expect(stdout).toMatch(/^ {2}worlds +[\d.]+ min {2}\S/m);
    expect(stdout).toMatch(/\n {2}together +[\d.]+ min\n$/);
    expect(status).toBe(0);
  });

  test('wrong arguments are rejected at once, with one message and exit code 2', () => {
    const { status, stdout, stderr } = siege('--part', 'nothing');
    expect(stdout).toBe('');
    expect(stderr.trim()).toMatch(/^Unknown part "nothing"\. Known: worlds, /);
    expect(status).toBe(2);
  });
});
