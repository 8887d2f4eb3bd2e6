import { describe, expect, test } from 'vitest';
import { describeHost, openSession, runWindowsNode, toWindowsPath } from 'winnode';
import { crashOnWindows } from 'winnode/internal';
import { start } from './cli.js';

// On Windows winnode does not use Wine: it runs the same Node again.

test('describeHost reports Windows', () => {
  expect(describeHost()).toMatchObject({
    kind: 'windows',
    reason: '',
    wine: '',
    windowsNode: process.versions.node,
  });
  expect(toWindowsPath('C:\\a b\\x.js')).toBe('C:\\a b\\x.js');
});

test('winnode runs a script with this Node', async () => {
  let stdout = '';
  const { exitCode, signal } = await runWindowsNode(
    ['-e', 'console.log(process.execPath, process.env.GREETING); process.exit(9)'],
    {
      env: { ...process.env, GREETING: 'hello there' },
      stdio: ['ignore', 'pipe', 'inherit'],
      onSpawn: (child) => child.stdout?.on('data', (data) => (stdout += data)),
    },
  );
  expect({ exitCode, signal }).toEqual({ exitCode: 9, signal: null });
  expect(stdout).toBe(`${process.execPath} hello there\n`);
});

test('a session runs several scripts; a second close has no effect', async () => {
  const session = await openSession();
  for (const code of [0, 3]) {
    const { exitCode } = await session.run(['-e', `process.exit(${code})`], { stdio: 'ignore' });
    expect(exitCode).toBe(code);
  }
  await session.close();
  await session.close();
});

test('a run in a missing working directory fails with ERR_LAUNCH', async () => {
  const run = runWindowsNode(['-e', '0'], { cwd: 'C:\\no\\such\\place', stdio: 'ignore' });
  await expect(run).rejects.toMatchObject({ name: 'WinnodeError', code: 'ERR_LAUNCH' });
});

test('the time limit ends a script that hangs', async () => {
  const source = `console.log('up'); for (;;);`;
  const { ended } = start(['--time-limit', '1.5', '-e', source]);
  expect(await ended).toEqual({
    code: 124,
    signal: null,
    stdout: 'up\n',
    stderr:
      'winnode: the program did not end within its time limit of 1.5 s, so winnode ended it\n',
  });
});

test('winnode reports a crash with all 32 bits of its exit code', async () => {
  // The program exits with the code of a breakpoint. A real breakpoint would start Wine's
  // debugger, which may lose that code.
  const args = ['-e', 'process.exit(0x80000003 | 0)'];
  const { exitCode, crash } = await runWindowsNode(args, { stdio: 'ignore' });
  expect({ exitCode, crash }).toEqual({
    exitCode: 0x8000_0003,
    crash: '0x80000003 STATUS_BREAKPOINT',
  });
  expect(crashOnWindows(0xc000_0005)).toBe('0xC0000005 STATUS_ACCESS_VIOLATION');
  expect(crashOnWindows(5)).toBeUndefined();
});

describe('doctor', async () => void (await import('./doctor-on-windows.js')));
