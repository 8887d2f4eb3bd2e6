import { describe, expect, test } from 'vitest';
import { key, openPrompt, pipe, whyNoTerminal } from './terminal.js';

// Each test opens its own prompt. terminal.test.ts tests the common ways to end a prompt.

const reason = whyNoTerminal();
const title = `how the prompt ends${reason === undefined ? '' : ` (skipped: ${reason})`}`;

describe.skipIf(reason !== undefined)(title, () => {
  test('Ctrl-D ends the prompt with exit code 0, and open handles are closed', async () => {
    const terminal = await openPrompt();
    await terminal.enter('block = allocate(8)');
    await terminal.enter('NtCreateIoCompletion(block.address, IO_COMPLETION_ALL_ACCESS, 0, 0)');
    terminal.type(key.ctrlD);
    await terminal.saw(/Closed: .*port#\d+ \(0x[0-9a-f]+\)/);
    expect(await terminal.ended).toBe(0);
  });

  test('Ctrl-C twice on an empty line ends the prompt with exit code 0', async () => {
    const terminal = await openPrompt();
    await terminal.enter('1 + 1');
    terminal.type(key.ctrlC);
    await terminal.saw('press Ctrl+C again');
    terminal.type(key.ctrlC);
    expect(await terminal.ended).toBe(0);
  });

  test('process.exit from a timer ends the prompt with its exit code, without any input', async () => {
    const terminal = await openPrompt();
    terminal.type('void setTimeout(() => process.exit(7), 300)\r');
    expect(await terminal.ended).toBe(7);
  });

  test('an empty pipe gives exit code 0', () => {
    expect(pipe('')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('.example runs from a pipe, too', () => {
    const { status, stdout, stderr } = pipe('.example port\n1 + 1\n');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\nport#1 \(0x[0-9a-f]+\)\n/);
    expect(stdout).toMatch(/\n2\n$/);
    expect(stderr.match(/ = STATUS_SUCCESS /g)).toHaveLength(4);
  });

  test('a crash prints a message and gives a non-zero exit code', async () => {
    const crashing = await openPrompt();
    // Not process.abort, which writes a stack trace: under Wine that takes seconds of CPU time.
    crashing.type("process.kill(process.pid, 'SIGKILL')\r");
    await crashing.saw('The prompt crashed: ');
    expect(await crashing.ended).not.toBe(0);
  });
});
