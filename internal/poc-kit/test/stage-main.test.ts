import { spawnSync } from 'node:child_process';
import { runStage, type Verdict } from 'poc-kit';
import { describe, expect, test } from 'vitest';

const verdict: Verdict = {
  stage: 'x',
  claim: 'y',
  build: 'debug',
  verdict: 'proven',
  reason: '',
  checks: [],
  durationMs: 1,
};

describe('the main program of a stage', () => {
  const main = (run: string) =>
    spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { stageMain, UsageError } from 'poc-kit'; stageMain('x', ${run})`,
      ],
      { encoding: 'utf8', cwd: import.meta.dirname },
    );

  test.each([
    ['proven', 0],
    ['failed', 1],
    ['unsupported', 3],
  ])('the verdict %s gives exit code %d and one line of JSON', (word, code) => {
    const { status, stdout, stderr } = main(`() => ({ verdict: '${word}' })`);
    expect({ status, stdout, stderr }).toEqual({
      status: code,
      stdout: `{"verdict":"${word}"}\n`,
      stderr: '',
    });
  });

  test('wrong arguments give exit code 2 and one message', () => {
    const { status, stdout, stderr } = main(`() => { throw new UsageError('no such flag') }`);
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: 'no such flag\n' });
  });
});

describe('runStage runs and closes a stage', () => {
  test('it runs the stage before it closes it', () => {
    const calls: string[] = [];
    const run = () => {
      calls.push('run');
      return verdict;
    };
    expect(runStage({ run, close: () => calls.push('close') })).toEqual(verdict);
    expect(calls).toEqual(['run', 'close']);
  });

  test('an error in close makes the verdict failed', () => {
    const close = () => {
      throw new Error('a leak');
    };
    expect(runStage({ run: () => verdict, close })).toMatchObject({
      verdict: 'failed',
      reason: 'close failed: a leak',
    });
    const failed: Verdict = { ...verdict, verdict: 'failed', reason: 'first' };
    expect(runStage({ run: () => failed, close })).toMatchObject({ reason: 'first' });
  });

  test('a stage is closed also when its run throws', () => {
    let isClosed = false;
    const run = () => {
      throw new Error('no NT here');
    };
    expect(() => runStage({ run, close: () => (isClosed = true) })).toThrowError('no NT here');
    expect(isClosed).toBe(true);
  });
});
