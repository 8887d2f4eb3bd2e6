import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { endRun, isHeadless, markVariable } from 'winnode/internal';

// System call numbers differ by architecture.
const exits: Readonly<Record<string, number>> = { x64: 60, arm64: 93 };
const exit = process.platform === 'linux' ? exits[process.arch] : undefined;

const ntdllx = createRequire(join(import.meta.dirname, '../../../package.json')).resolve('ntdllx');
/** Ends the main thread alone; the threads of Node's pool continue. */
const endMainThread = `
  const koffi = require(${JSON.stringify(createRequire(ntdllx).resolve('koffi'))});
  const syscall = koffi.load('libc.so.6').func('long syscall(long number, int code)');
  console.log('up');
  setTimeout(() => syscall(${exit}, 0), 100);`;

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

test.skipIf(exit === undefined)(
  'winnode ends a process of a run whose main thread has exited, so that its output ends',
  { timeout: 60_000 },
  async () => {
    const mark = `/nowhere/.winnode/run-${process.pid}-descendants`;
    const env = { ...process.env, [markVariable]: mark };
    child = spawn(process.execPath, ['-e', endMainThread], { env });
    const closed = once(child, 'close');
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    while (!isHeadless(child.pid as number)) await new Promise((done) => setTimeout(done, 20));
    await endRun(mark);
    expect(await closed).toEqual([null, 'SIGKILL']);
  },
);
