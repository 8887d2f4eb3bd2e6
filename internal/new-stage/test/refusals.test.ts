import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changes, copyRepository, removeCopy } from '@tofu-nt/pipeline/copy-repository';
import { makeStage } from 'new-stage/make-stage';
import { runScript } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// All tests use a copy without node_modules: bad input is rejected before pnpm runs.

let place = '';
beforeAll(() => {
  place = copyRepository('refusals');
});
afterAll(() => removeCopy(place));

function newStage(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const command = ['scripts/new-stage.mjs', ...args];
  return spawnSync(process.execPath, command, { cwd: place, encoding: 'utf8', env });
}

/** Runs the command in this process. */
const newStageHere = (args: readonly string[]) =>
  runScript(join(place, 'scripts/new-stage.mjs'), args);

describe('one clear message, exit code 2, and nothing is changed', () => {
  test.each([
    [[], /^The number and the name are missing\. Usage: pnpm new-stage NUMBER NAME, /],
    [['90'], /^The name is missing\. Usage: /],
    [['udp'], /^The name is missing\. Usage: /],
    [['udp', '90'], /^The number is 0 to 99, .*: 9 or 9u\. Got "udp"\.$/],
    [['', 'udp'], /^The number is .* Got ""\.$/],
    [['100', 'udp'], /^The number is .* Got "100"\.$/],
    [['04', 'udp'], /^The number is .* Got "04"\.$/],
    [['9.5', 'udp'], /^The number is .* Got "9\.5"\.$/],
    [['90U', 'udp'], /^The number is .* Got "90U"\.$/],
    [['90uu', 'udp'], /^The number is .* Got "90uu"\.$/],
    [['--', '--', '-1', 'udp'], /^The number is .* Got "-1"\.$/],
    [['90', ''], /^The name is lower-case letters and digits, .* Got ""\.$/],
    [['90', 'UDP'], /^The name is .* Got "UDP"\.$/],
    [['90', 'u_dp'], /^The name is .* Got "u_dp"\.$/],
    [['90', 'u--dp'], /^The name is .* Got "u--dp"\.$/],
    [['90', 'udp-'], /^The name is .* Got "udp-"\.$/],
    [['90', '2udp'], /^The name is .* Got "2udp"\.$/],
    [['90', 'üdp'], /^The name is .* Got "üdp"\.$/],
    [['90', 'a/b'], /^The name is .* Got "a\/b"\.$/],
    [['90', 'a\\b'], /^The name is .* Got "a\\\\b"\.$/],
    [['90', '..'], /^The name is .* Got "\.\."\.$/],
    [['90', 'udp\n'], /^The name is .* Got "udp\\n"\.$/],
    [['90', 'con'], /^"con" is a device of Windows: another name\.$/],
    [['90', 'nul'], /^"nul" is a device /],
    [['90', 'com1'], /^"com1" is a device /],
    [['90', 'a'.repeat(21)], /^The name has at most 20 characters, got 21\.$/],
    [['90', 'udp', 'x'], /^Unexpected argument 'x'\. Usage: /],
    [['90', 'udp', '--force'], /^Unknown option '--force'\. Usage: /],
    [
      ['1', 'udp'],
      /^Stage 1 is there: packages\/poc-stage1-event, packages\/poc-stage1-iocp\. Take/,
    ],
    [
      ['1u', 'udp'],
      /^Stage 1u is there: packages\/poc-stage1u-event, packages\/poc-stage1u-uds\. Take/,
    ],
    [['2', 'echo'], /^Stage 2 is there: /],
  ])('%j', async (args, message) => {
    // One case runs as a process, to check its exit code.
    const run = args.length === 0 ? newStage : newStageHere;
    const { status, stdout, stderr } = await run(args);
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  // Checked once, because git takes as long as all the tests.
  afterAll(() => expect(changes(place)).toBe(''));
});

test('--help says what it takes and makes', () => {
  const { status, stdout, stderr } = newStage(['--help']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^pnpm new-stage NUMBER NAME: /);
});

test('a directory that was left behind, and a page in capitals or not, are in the way', async () => {
  const directory = join(place, 'packages/poc-stage90-old/dist');
  mkdirSync(directory, { recursive: true });
  const left = await newStageHere(['90', 'udp']);
  expect(left.stderr.trim()).toBe(
    'Stage 90 is there: packages/poc-stage90-old. It is no package: left over? Remove it.',
  );
  rmSync(join(directory, '..'), { recursive: true });

  const page = join(place, 'kb/Plan-Stage90-Udp.md');
  writeFileSync(page, '# Mine\n');
  const inTheWay = await newStageHere(['90', 'udp']);
  expect(inTheWay.stderr).toContain('kb/Plan-Stage90-Udp.md is there, without');
  expect(readFileSync(page, 'utf8')).toBe('# Mine\n');
  rmSync(page);
});

test('a pnpm that fails leaves nothing half-made', () => {
  // The command runs the pinned pnpm through npm; this npm fails.
  const npm = join(place, '..', 'failing-npm.js');
  writeFileSync(npm, 'process.exitCode = 7;\n');
  const { status, stderr } = newStage(['90', 'udp'], { ...process.env, npm_execpath: npm });
  rmSync(npm);
  expect(status).toBe(1);
  expect(stderr.trim()).toMatch(
    /^pnpm install failed: see above\. Every file is as it was before;/,
  );
  expect(changes(place)).toBe('');
});

test('what cannot be put back is named', async () => {
  const own = join(place, 'packages/poc-stage90-udp');
  const list = join(place, 'docs/how/stages.md');
  const text = readFileSync(list, 'utf8');
  const made = makeStage(place, '90', 'udp', async () => {
    // A directory replaces the file, so the file cannot be restored.
    rmSync(list);
    mkdirSync(join(list, 'x'), { recursive: true });
    throw new Error('on purpose.');
  });
  const said = await made.catch((error: unknown) => String((error as Error).message));
  rmSync(list, { recursive: true });
  writeFileSync(list, text);
  expect(said).toContain(`on purpose.\nNot put back: ${list} (EISDIR`);
  expect(said).toMatch(/\)\. See git status\.$/);
  expect(existsSync(own)).toBe(false);
  expect(changes(place)).toBe('');
});

test('a list that is not found stops it before anything is written', async () => {
  const file = join(place, 'kb/ROADMAP.md');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, '# Roadmap\n');
  const made = makeStage(place, '90', 'udp', async () => {});
  await expect(made).rejects.toThrowError(/^kb\/ROADMAP\.md lists no stage /);
  writeFileSync(file, text);
  expect(changes(place)).toBe('');
});

test('what is dirty stays as dirty as it was, whatever goes wrong', async () => {
  const file = join(place, 'docs/how/stages.md');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, `${text}\nA line that is not committed.\n`);
  const made = makeStage(place, '90', 'udp', async () => {
    expect(changes(place).trim().split('\n').length).toBeGreaterThan(15);
    throw new Error('on purpose');
  });
  await expect(made).rejects.toThrowError('on purpose');
  expect(changes(place)).toBe(' M docs/how/stages.md\n');
  expect(readFileSync(file, 'utf8')).toContain('not committed');
  writeFileSync(file, text);
});

test('a variant stands behind its stage in every list', async () => {
  const made = makeStage(place, '2b', 'udp', async () => {
    const after = (file: string, pattern: RegExp) =>
      expect(readFileSync(join(place, file), 'utf8'), file).toMatch(pattern);
    after('internal/poc-ladder/src/stages.ts', /'2-echo'.*\n.*'2b-udp'.*\n.*'2u-echo'/);
    after('internal/poc-ladder/package.json', /stage2-echo.*\n.*stage2b-udp": .*\n.*stage2u/);
    after(
      'docs/how/stages.md',
      /\[poc-stage2-echo\].*\n\| \[poc-stage2b-udp\].*\n\| \[poc-stage2u/,
    );
    after('kb/ROADMAP.md', /2 echo.*\n\| I \| 2b udp \|.*\n.*2U echo/);
    after('kb/HOSTS.md', /\| 2 echo \| 2b udp \| 2U echo \|/);
    after('kb/README.md', /\[PLAN-STAGE1-IOCP\].*\n\| \[PLAN-STAGE2B-UDP\]/);
    throw new Error('enough');
  });
  await expect(made).rejects.toThrowError('enough');
  expect(changes(place)).toBe('');
});
