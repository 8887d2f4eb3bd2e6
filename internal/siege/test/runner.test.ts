import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runSiege } from '@tofu-nt/siege';
import { afterAll, expect, test } from 'vitest';

// Tests of the runner with parts that are one-line scripts.

const directory = mkdtempSync(join(tmpdir(), 'siege-'));
afterAll(() => rmSync(directory, { recursive: true }));

const part = (name: string, ...scripts: readonly string[]) => ({
  name,
  what: `what ${name} does`,
  limitMinutes: 1,
  commands: () => scripts.map((script) => ({ args: ['-e', script] })),
});

/** A part that passes immediately. */
const passing = (name: string) => ({ ...part(name), commands: () => [{ args: ['--version'] }] });

async function run(parts: readonly object[], options: object = {}) {
  const lines: string[] = [];
  const { exitCode } = await runSiege(parts, {
    root: directory,
    seed: 42,
    say: (line: string) => lines.push(line),
    logDirectory: directory,
    ...options,
  });
  return { exitCode, lines, text: lines.join('\n'), last: lines.at(-1) };
}

const log = (name: string) => readFileSync(join(directory, `${name}.log`), 'utf8');
const printEnvironment =
  "console.log('got ' + process.env.SIEGE_SEED + ' ' + process.env.SIEGE_RUNS_FACTOR)";

test('parts that pass: a table, a last line, exit code 0', async () => {
  const { exitCode, text, last } = await run([passing('one'), passing('two')]);
  expect(text).toMatch(/^part {2}result +took +seed\none {3}passed +\d+\.\d s\ntwo {3}passed/m);
  expect(last).toBe('2 passed, 0 failed');
  expect(exitCode).toBe(0);
});

test('a failed part: the siege prints the end of its output and the command to repeat it, with exit code 1', async () => {
  const failing = { ...part('bad', "console.error('why'); process.exit(3)"), isSeeded: true };
  const { exitCode, lines, text, last } = await run([failing, passing('good')]);
  expect(text).toContain('why');
  expect(lines).toContain('bad again: npm run siege -- --part bad --seed 42');
  expect(text).toMatch(/^bad +FAILED +\d+\.\d s +42$/m);
  expect(last).toBe('1 passed, 1 failed');
  expect(exitCode).toBe(1);
});

test('after a failed command a part runs no further command', async () => {
  await run([part('stops', "console.log('first')", 'process.exit(1)', "console.log('third')")]);
  expect(log('stops')).toMatch(/^first$/m);
  expect(log('stops')).not.toMatch(/^third$/m);
});

test('a part without test files fails', async () => {
  const { exitCode, text } = await run([part('empty')]);
  expect(text).toContain('This part has no test file.');
  expect(exitCode).toBe(1);
});

test('a command that cannot be started fails', async () => {
  const commands = () => [{ args: ['-e', '0'], cwd: join(directory, 'nowhere') }];
  const { exitCode, text } = await run([{ ...part('unstarted'), commands }]);
  expect(text).toContain('The command could not be started: ');
  expect(exitCode).toBe(1);
});

test('only parts with isSeeded get the seed', async () => {
  const seeded = { ...part('seeded', printEnvironment), isSeeded: true, runsFactor: 200 };
  await run([seeded, part('plain', printEnvironment)]);
  expect(log('seeded')).toMatch(/^got 42 200$/m);
  expect(log('plain')).toMatch(/^got undefined undefined$/m);
});

test('--long: ten times the runs, or ten repetitions of a part without a seed, and ten times the limit', async () => {
  const seeded = { ...part('seeded', printEnvironment), isSeeded: true, runsFactor: 200 };
  const { text } = await run([seeded, part('plain', "console.log('once')")], { isLong: true });
  expect(log('seeded')).toMatch(/^got 42 2000$/m);
  expect(log('plain').match(/^once$/gm)).toHaveLength(10);
  expect(text).toContain('plain: what plain does; at most 10 min');
});

test('without Windows Node a part that needs Windows Node is skipped with the reason', async () => {
  const needing = { ...part('needs', 'process.exit(1)'), needsWindowsNode: true };
  const { exitCode, lines, last } = await run([needing, passing('one')], { missing: 'no Wine' });
  expect(lines).toContain('needs: skipped: no Wine');
  expect(last).toBe('1 passed, 0 failed, 1 skipped');
  expect(exitCode).toBe(0);
});

test('a siege with only skipped parts fails', async () => {
  const needing = { ...part('needs', '0'), needsWindowsNode: true };
  const { exitCode, last } = await run([needing], { missing: 'no Wine' });
  expect(last).toBe('0 passed, 0 failed, 1 skipped');
  expect(exitCode).toBe(1);
});

/**
 * Makes a part that ignores SIGTERM and starts a process outside its process group. Both write to a
 * file.
 */
function stubborn(name: string) {
  const file = join(directory, `${name}.ticks`);
  const tick = `
    process.on('SIGTERM', () => {});
    setInterval(() => require('node:fs').appendFileSync(${JSON.stringify(file)}, '.'), 10);`;
  const script = `${tick}
    const options = { detached: true, stdio: 'ignore' };
    require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(tick)}], options);`;
  return { file, part: { ...part(name, script), isSeeded: true } };
}

async function requireStill(file: string) {
  const { size } = statSync(file);
  expect(size).toBeGreaterThan(0);
  await sleep(300);
  expect(statSync(file).size).toBe(size);
}

test('at its time limit a part ends, with all processes that it started', async () => {
  const { file, part: slow } = stubborn('slow');
  const limited = { ...slow, limitMinutes: 2 / 60 };
  const { exitCode, lines, text } = await run([limited, passing('next')]);
  await requireStill(file);
  expect(text).toContain('slow: ended by its time limit of');
  expect(lines).toContain('slow again: npm run siege -- --part slow --seed 42');
  expect(text).toMatch(/^slow +ENDED by its time limit/m);
  expect(text).toMatch(/^next +passed/m);
  expect(exitCode).toBe(1);
});

test('a signal to the siege ends the running part, and no other part starts', async () => {
  const { file, part: slow } = stubborn('stopped');
  const stop = new AbortController();
  const running = run([slow, passing('never')], { signal: stop.signal });
  while (!existsSync(file)) await sleep(20);
  stop.abort();
  const { exitCode, text } = await running;
  await requireStill(file);
  expect(text).toMatch(/^stopped +stopped/m);
  expect(text).not.toContain('never');
  expect(exitCode).toBe(1);
});
