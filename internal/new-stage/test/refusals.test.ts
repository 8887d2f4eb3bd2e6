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

describe('wrong arguments give one message and exit code 2, and change nothing', () => {
  test.each([
    [[], /^The number and the name are missing\. Usage: pnpm new-stage NUMBER NAME, /],
    [['90'], /^The name is missing\. Usage: /],
    [['udp'], /^The name is missing\. Usage: /],
    [['udp', '90'], /^The number must be 0 to 99, .*: 9 or 9u\. Got "udp"\.$/],
    [['', 'udp'], /^The number must .* Got ""\.$/],
    [['100', 'udp'], /^The number must .* Got "100"\.$/],
    [['04', 'udp'], /^The number must .* Got "04"\.$/],
    [['9.5', 'udp'], /^The number must .* Got "9\.5"\.$/],
    [['90U', 'udp'], /^The number must .* Got "90U"\.$/],
    [['90uu', 'udp'], /^The number must .* Got "90uu"\.$/],
    [['--', '--', '-1', 'udp'], /^The number must .* Got "-1"\.$/],
    [['90', ''], /^The name must consist of lower-case letters and digits, .* Got ""\.$/],
    [['90', 'UDP'], /^The name must .* Got "UDP"\.$/],
    [['90', 'u_dp'], /^The name must .* Got "u_dp"\.$/],
    [['90', 'u--dp'], /^The name must .* Got "u--dp"\.$/],
    [['90', 'udp-'], /^The name must .* Got "udp-"\.$/],
    [['90', '2udp'], /^The name must .* Got "2udp"\.$/],
    [['90', 'üdp'], /^The name must .* Got "üdp"\.$/],
    [['90', 'a/b'], /^The name must .* Got "a\/b"\.$/],
    [['90', 'a\\b'], /^The name must .* Got "a\\\\b"\.$/],
    [['90', '..'], /^The name must .* Got "\.\."\.$/],
    [['90', 'udp\n'], /^The name must .* Got "udp\\n"\.$/],
    [['90', 'con'], /^The name "con" is reserved for a device of Windows\. Choose another name\.$/],
    [['90', 'nul'], /^The name "nul" is reserved /],
    [['90', 'com1'], /^The name "com1" is reserved /],
    [['90', 'a'.repeat(21)], /^The name may have at most 20 characters\. Got 21\.$/],
    [['90', 'udp', 'x'], /^Unexpected argument 'x'\. Usage: /],
    [['90', 'udp', '--force'], /^Unknown option '--force'\. Usage: /],
    [
      ['1', 'udp'],
      /^Stage 1 exists already: packages\/poc-stage1-event, packages\/poc-stage1-iocp\. Choose/,
    ],
    [
      ['1u', 'udp'],
      /^Stage 1u exists already: packages\/poc-stage1u-event, packages\/poc-stage1u-uds\. Choose/,
    ],
    [['2', 'echo'], /^Stage 2 exists already: /],
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

test('a directory that a removed stage left behind is refused', async () => {
  const directory = join(place, 'packages/poc-stage90-old/dist');
  mkdirSync(directory, { recursive: true });
  const left = await newStageHere(['90', 'udp']);
  expect(left.stderr.trim()).toBe(
    'Stage 90 exists already: packages/poc-stage90-old. The directory has no package.json. ' +
      'If it is left over from a removed stage, remove it.',
  );
  rmSync(join(directory, '..'), { recursive: true });
});

test('when pnpm fails, every file is as it was before', () => {
  // The command runs the pinned pnpm through npm; this npm fails.
  const npm = join(place, '..', 'failing-npm.js');
  writeFileSync(npm, 'process.exitCode = 7;\n');
  const { status, stderr } = newStage(['90', 'udp'], { ...process.env, npm_execpath: npm });
  rmSync(npm);
  expect(status).toBe(1);
  expect(stderr.trim()).toMatch(
    /^pnpm install failed: see its output above\. The command has restored every file, but not\n/,
  );
  expect(changes(place)).toBe('');
});

/** The only list of the stages. */
const ladder = 'internal/poc-ladder/package.json';

test('a file that cannot be restored is named', async () => {
  const own = join(place, 'packages/poc-stage90-udp');
  const list = join(place, ladder);
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
  expect(said).toContain(`on purpose.\nThese files could not be restored: ${list} (EISDIR`);
  expect(said).toMatch(/\)\. git status shows what they contain now\.$/);
  expect(existsSync(own)).toBe(false);
  expect(changes(place)).toBe('');
});

test('a ladder without stages is refused before anything is written', async () => {
  const file = join(place, ladder);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, '{ "name": "poc-ladder", "dependencies": { "winnode": "workspace:*" } }\n');
  const made = makeStage(place, '90', 'udp', async () => {});
  await expect(made).rejects.toThrowError(/poc-ladder\/package\.json has no dependency whose name/);
  writeFileSync(file, text);
  expect(changes(place)).toBe('');
});

test('a failure keeps changes that are not committed', async () => {
  const file = join(place, ladder);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"license"', '"mine": true,\n  "license"'));
  const made = makeStage(place, '90', 'udp', async () => {
    expect(changes(place).trim().split('\n').length).toBeGreaterThan(8);
    throw new Error('on purpose');
  });
  await expect(made).rejects.toThrowError('on purpose');
  expect(changes(place)).toBe(` M ${ladder}\n`);
  expect(readFileSync(file, 'utf8')).toContain('"mine": true');
  writeFileSync(file, text);
});

test('a new stage changes its own package and the list of the ladder, in order', async () => {
  const made = makeStage(place, '2b', 'udp', async () => {
    expect(readFileSync(join(place, ladder), 'utf8')).toMatch(
      /stage2-echo.*\n.*stage2b-udp": .*\n.*stage2u/,
    );
    const changed = changes(place).trim().split('\n');
    const own = (line: string) => line.includes('packages/poc-stage2b-udp/');
    expect(changed.filter((line) => !own(line))).toEqual([`M ${ladder}`]);
    throw new Error('enough');
  });
  await expect(made).rejects.toThrowError('enough');
  expect(changes(place)).toBe('');
});
