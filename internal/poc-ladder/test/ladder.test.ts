import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  builds,
  isLadderPassed,
  isProven,
  isUnsupported,
  runLadder,
  type StageResult,
  stages,
} from 'poc-ladder';
import { runScript } from 'test-kit';
import { describe, expect, test } from 'vitest';
import { describeHost } from 'winnode';

const main = createRequire(import.meta.url).resolve('poc-ladder/main');

function ladder(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
  });
  return { stdout, stderr, status };
}

/** 1-iocp, 1u-uds, 2-echo, 10-x. */
const byNumber = new Intl.Collator('en', { numeric: true });

test('the stages are in order, and every package of a stage is one of them', () => {
  const packages = readdirSync(join(import.meta.dirname, '../../../packages'));
  const expected = packages.filter((name) => name.startsWith('poc-stage')).sort(byNumber.compare);
  expect(expected.length).toBeGreaterThanOrEqual(10);
  expect(stages.map((stage) => stage.package)).toEqual(expected);
  for (const stage of stages) expect(stage.package).toBe(`poc-stage${stage.name}`);
  expect(builds).toEqual(['debug', 'release']);
});

test('the package.json of a stage says whether it accepts and whether it has figures', () => {
  const accepting = stages.filter(({ accepts }) => accepts).map(({ name }) => name);
  expect(accepting).toEqual(['1-event', '1-iocp']);
  const named = (name: string) => stages.find((stage) => stage.name === name);
  expect(named('2-echo')?.hasFigures).toBe(true);
  expect(named('1u-uds')?.hasFigures).toBe(false);
});

test('a ladder has passed when no stage failed and at least one was proven', () => {
  const result = (verdict: 'proven' | 'failed' | 'unsupported', exitCode: number): StageResult => ({
    stage: '0-wake',
    build: 'debug',
    exitCode,
    signal: null,
    verdict: { verdict, build: 'debug' } as NonNullable<StageResult['verdict']>,
  });
  const [proven, failed] = [result('proven', 0), result('failed', 1)];
  const unsupported = result('unsupported', 3);
  expect(isLadderPassed([proven, unsupported])).toBe(true);
  expect(isLadderPassed([proven, failed])).toBe(false);
  expect(isLadderPassed([unsupported])).toBe(false);
  expect(isLadderPassed([])).toBe(false);
  // The verdict alone is not sufficient: the process must have the exit code that belongs to it.
  expect(isUnsupported(result('unsupported', 0))).toBe(false);
  expect(isUnsupported(result('proven', 3))).toBe(false);
});

test('a stage counts as proven only with the verdict proven, exit code 0 and the requested build', () => {
  const verdict = { verdict: 'proven', build: 'debug' } as StageResult['verdict'];
  const result = { stage: '0-wake', build: 'debug', exitCode: 0, signal: null, verdict } as const;
  expect(isProven(result)).toBe(true);
  expect(isProven({ ...result, exitCode: 1 })).toBe(false);
  expect(isProven({ ...result, build: 'release' })).toBe(false);
  expect(isProven({ ...result, verdict: undefined })).toBe(false);
  for (const other of ['failed', 'unsupported'] as const) {
    expect(isProven({ ...result, verdict: { ...verdict, verdict: other } as never })).toBe(false);
  }
});

describe('wrong arguments give one message and exit code 2', () => {
  test.each([
    [
      ['--prot', '80'],
      "Unknown option '--prot'. Known: --stage, --build, --external, --port, --json, --serve, --address, --trace, --trace-file, --no-report, --thorough.",
    ],
    [['--port', '70000'], '--port needs a number from 0 to 65535, got "70000".'],
    [['--port', '-1'], /Option '--port' argument is ambiguous\. Known: /],
    [['--port=-1'], /from 0 to 65535, got "-1"/],
    [
      ['--stage', '9'],
      `--stage needs one of ${stages.map(({ name }) => name).join(', ')}; got "9".`,
    ],
    [['--build', 'fast'], '--build needs one of debug, release; got "fast".'],
    [
      ['--external'],
      '--external waits for a client that you start: name the stage, for example --stage 1-iocp.',
    ],
    [
      ['--trace-file', 'x.json', '--stage', '0-wake'],
      '--trace-file records one run: give exactly one --stage and one --build.',
    ],
    [['x'], /Unexpected argument 'x'/],
  ])('%j', async (args, message) => {
    // One case runs as a process, to check its exit code.
    const isProcess = args[0] === '--prot';
    const { stdout, stderr, status } = isProcess ? ladder(...args) : await runScript(main, args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    if (typeof message === 'string') expect(stderr).toBe(`${message}\n`);
    else expect(stderr).toMatch(message);
  });
});

test.skipIf(process.platform === 'win32')(
  'without Wine the command names the missing program and exits with code 1',
  () => {
    const env = { ...process.env, WINNODE_WINE: '/nowhere/wine' };
    const child = spawnSync(process.execPath, [main], { encoding: 'utf8', env });
    expect(child.status).toBe(1);
    expect(child.stderr).toContain('WINNODE_WINE names "/nowhere/wine"');
  },
);

const host = describeHost();

test.skipIf(host.kind === 'none')(
  `runLadder runs a stage through winnode ${host.reason}`,
  async () => {
    const build = process.env['TEST_BUILD'] as 'debug' | 'release';
    const lines: string[] = [];
    const print = (line: string) => lines.push(line);
    const results = await runLadder({ stages: ['1-iocp'], builds: [build], print });
    expect(results).toHaveLength(1);
    expect(results.every(isProven)).toBe(true);
    expect(lines).toContain('   ok   Events returned: 0x80, AFD_POLL_ACCEPT');
    expect(lines.some((line) => line.startsWith('{'))).toBe(false);
  },
);
