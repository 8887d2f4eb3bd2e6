import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examples } from 'nt-repl';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, key, openPrompt, type Terminal, whyNoTerminal } from './terminal.js';

const reason = whyNoTerminal();
const title = `the prompt in a terminal${reason === undefined ? '' : ` (skipped: ${reason})`}`;
const limitMs = 60_000;

const directory = mkdtempSync(join(tmpdir(), 'nt-repl-'));
const history = join(directory, 'history');
afterAll(() => rmSync(directory, { recursive: true }));

describe.skipIf(reason !== undefined)(title, { timeout: limitMs }, () => {
  let terminal: Terminal;

  beforeAll(async () => {
    terminal = await openPrompt(history);
  }, limitMs);
  afterAll(() => terminal.close(), limitMs);

  test('the prompt prints its versions and what it checks', async () => {
    const text = await terminal.enter('');
    expect(text).toContain('nt> ');
    expect(terminal.text).toContain(`ntdllx (${build} build), Windows Node`);
    expect(terminal.text).toContain('It does not detect other mistakes');
  });

  test('calls of a port are printed; a status and a handle have names', async () => {
    await terminal.enter('memory = allocate(64)');
    const created = await terminal.enter(
      'NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0)',
    );
    expect(created).toMatch(/#\d+ NtCreateIoCompletion\(IoCompletionHandle=&\{port#\d+\}, /);
    expect(created).toMatch(/\nSTATUS_SUCCESS \(0x0\)\n/);
    const port = await terminal.enter('port = memory.readPointer(0)');
    expect(port).toMatch(/\nport#\d+ \(0x[0-9a-f]+\)\n/);
    expect(await terminal.enter('port')).toMatch(/\nport#\d+ \(0x[0-9a-f]+\)\n/);
    expect(await terminal.enter('port + 0')).toMatch(/\n\d+\n/);
    await terminal.enter('NtSetIoCompletion(port, 1, 2, STATUS_TIMEOUT, 3)');
    await terminal.enter('memory.writeI64(40, relativeTimeout100ns(5_000))');
    const at = 'memory.address, 1, memory.address + 32, memory.address + 40, 0';
    const removed = await terminal.enter(`NtRemoveIoCompletionEx(port, ${at})`);
    expect(removed).toMatch(/packet from port#\d+: KeyContext=0x1, ApcContext=0x2, /);
    const packet = await terminal.enter('new FILE_IO_COMPLETION_INFORMATION(memory)');
    expect(packet).toContain('Status: STATUS_TIMEOUT (0x102), Information: 3n');
    expect(await terminal.enter('NtClose(port)')).toContain('STATUS_SUCCESS (0x0)');
    expect(await terminal.enter('NtClose(port)')).toContain('STATUS_INVALID_HANDLE (0xc0000008)');
    // The handle is closed, so its number has no meaning any more.
    expect(await terminal.enter('port')).toMatch(/\n\d+\n/);
    await terminal.enter('memory.free()');
  });

  test('a raw poll of a listener: it is submitted, a client connects, the packet arrives', async () => {
    const make = 'new SocketCreator().fromAddress';
    await terminal.enter(`listener = ${make}(new TCPServerAddress('127.0.0.1', 0))`);
    const armed = await terminal.enter('armed = poll(listener, AFD_POLL_ACCEPT)');
    expect(armed).toMatch(/NtDeviceIoControlFile\(.*socket#\d+: ACCEPT.* = STATUS_PENDING/s);
    expect(armed).toContain("AfdPoll { status: 'STATUS_PENDING', packet: undefined }");
    expect(await terminal.enter('armed.wait(50)')).toContain('undefined');
    const { host, port } = { host: '127.0.0.1', port: 'listener.localEndpoint().port' };
    await terminal.enter(`client = ${make}(new TCPClientAddress('${host}', ${port}))`);
    await terminal.enter('client.connect()');
    const packet = await terminal.enter('armed.wait()');
    expect(packet).toMatch(/packet from port#\d+: .*\{socket#\d+: ACCEPT\} {2}of #\d+ NtDevice/s);
    expect(packet).toContain("events: [ 'ACCEPT' ]");
    await terminal.enter('client.close(); listener.close()');
  });

  test.each(Object.entries(examples))(
    '.example %s types and runs each line',
    async (name, { lines }) => {
      terminal.type(`.example ${name}\r`);
      const last = lines.at(-1) as string;
      await terminal.saw(new RegExp(`nt> ${quoted(last)}\n(.|\n)*nt> $`));
      const text = await terminal.saw(/nt> $/);
      for (const line of lines) expect(text).toContain(`nt> ${line}\n`);
      expect(text).not.toMatch(/Uncaught/);
      expect(text.match(/ = STATUS_SUCCESS /g)?.length).toBeGreaterThanOrEqual(1);
    },
  );

  test('Tab completes a name, and after the parenthesis shows the prototype', async () => {
    terminal.type(`NtRem${key.tab}`);
    await terminal.saw('NtRemoveIoCompletionEx');
    terminal.type(`(${key.tab}`);
    await terminal.saw(/IoCompletionHandle: HANDLE,\n(.|\n)*\): NTSTATUS\n/);
    await terminal.saw(/nt> NtRemoveIoCompletionEx\($/);
    terminal.type(`port, ${key.tab}`);
    await terminal.saw(/Timeout: PLARGE_INTEGER,\n/);
    expect(terminal.raw).toContain(
      '\x1b[1mIoCompletionInformation: PFILE_IO_COMPLETION_INFORMATION',
    );
    terminal.type(key.ctrlC);
    await terminal.saw(/nt> $/);
  });

  test('.proto shows a prototype, or lists the known functions', async () => {
    const text = await terminal.enter('.proto NtDeviceIoControlFile');
    expect(text).toMatch(/\n {2}ApcRoutine: PIO_APC_ROUTINE,\n/);
    expect(await terminal.enter('.proto NtCre')).toContain('Known: NtCreateIoCompletion, ');
  });

  test('the prompt continues after an error, a wrong address and an await that never ends', async () => {
    expect(await terminal.enter("throw new Error('on purpose')")).toContain('on purpose');
    const refused = await terminal.enter('NtCreateIoCompletion(0x10, 0, 0, 0)');
    expect(refused).toContain(
      'IoCompletionHandle is 0x10, but no allocated block has 8 bytes there',
    );
    expect(refused).not.toContain(' = STATUS_');
    expect(await terminal.enter('await Promise.reject(new Error("later"))')).toContain('later');
    expect(await terminal.enter('await Promise.resolve(6 * 7)')).toContain('\n42\n');
    terminal.type('await new Promise(() => {})\r');
    await terminal.saw('{})\n');
    terminal.type(key.ctrlC);
    await terminal.saw(/interrupted(.|\n)*nt> $/);
    expect(await terminal.enter('1 + 1')).toContain('\n2\n');
  });

  test('a call that is made while the user types is printed above the line', async () => {
    await terminal.enter('void setTimeout(() => NtClose(3), 1500)');
    terminal.type('1 + 2');
    await terminal.saw(/NtClose\(Handle=0x3\) = STATUS_INVALID_HANDLE.*\n(.|\n)*nt> 1 \+ 2$/);
    expect(await terminal.enter('')).toContain('\n3\n');
  });

  test('.trace off and on', async () => {
    expect(await terminal.enter('.trace off')).toContain('NT calls are not printed.');
    const silent = await terminal.enter('NtClose(3)');
    expect(silent).toContain('\nSTATUS_INVALID_HANDLE (0xc0000008)\n');
    expect(silent).not.toContain('Handle=');
    expect(await terminal.enter('.trace on')).toContain('NT calls are printed.');
    expect(await terminal.enter('NtClose(3)')).toContain('NtClose(Handle=0x3)');
    expect(await terminal.enter('.trace of')).toContain('.trace needs on or off');
  });

  test('.help prints every line of each example', async () => {
    const text = await terminal.enter('.help');
    for (const [name, { lines }] of Object.entries(examples)) {
      expect(text).toContain(`.example ${name}: `);
      for (const line of lines) expect(text).toContain(line);
    }
  });

  test('Ctrl-C clears the line; .exit ends the prompt with exit code 0 and closes open handles', async () => {
    await terminal.enter('block = allocate(8)');
    await terminal.enter('NtCreateIoCompletion(block.address, IO_COMPLETION_ALL_ACCESS, 0, 0)');
    terminal.type('never finished');
    await terminal.saw('finished');
    terminal.type(key.ctrlC);
    await terminal.saw(/nt> $/);
    await terminal.enter('20 + 3');
    // Node writes lines to the history some milliseconds later. Now only .exit is still to be written.
    await new Promise((resolve) => setTimeout(resolve, 300));
    terminal.type('.exit\r');
    await terminal.saw(/Closed: .*port#\d+ \(0x[0-9a-f]+\)/);
    expect(await terminal.ended).toBe(0);
  });
});

const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// terminal.siege.test.ts tests the rarer ways to end a prompt.
const endTitle = `the prompt after that${reason === undefined ? '' : ` (skipped: ${reason})`}`;

describe.skipIf(reason !== undefined)(endTitle, { timeout: limitMs }, () => {
  let terminal: Terminal;
  beforeAll(async () => {
    terminal = await openPrompt(history);
  }, limitMs);
  afterAll(() => terminal.close(), limitMs);

  test('the arrow key recalls the line of the previous prompt', async () => {
    terminal.type(key.up);
    await terminal.saw('.exit');
    terminal.type(key.up);
    await terminal.saw('20 + 3');
    // The cursor moves left by one, and a digit is inserted: 20 + 13.
    terminal.type(`${key.left}1\r`);
    await terminal.saw('\n33\n');
  });

  test('a call that does not return: the first Ctrl-C prints a message, the second ends the prompt with exit code 130', async () => {
    await terminal.enter('memory = allocate(64)');
    await terminal.enter('NtCreateIoCompletion(memory.address, IO_COMPLETION_ALL_ACCESS, 0, 0)');
    await terminal.enter('port = memory.readPointer(0)');
    // Without a time-out.
    const call = 'NtRemoveIoCompletionEx(port, memory.address, 1, memory.address + 32, 0, 0)';
    terminal.type(`${call}\r`);
    await terminal.saw(`${call}\n`);
    terminal.type(key.ctrlC);
    await terminal.saw('Ctrl-C again ends the prompt');
    terminal.type(key.ctrlC);
    expect(await terminal.ended).toBe(130);
  });
});
