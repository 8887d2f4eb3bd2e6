import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

// The programs of the outside projects.

/** A program that imports every entry and calls nothing. */
export const importAll = (entries: readonly string[]) => `
  const empty = [];
  for (const entry of ${JSON.stringify(entries)}) {
    if (Object.keys(await import(entry)).length === 0) empty.push(entry);
  }
  console.log('empty:', empty.join());
`;

/** A program that requires every entry. This works only if no module has a top-level await. */
export const requireAll = (entries: readonly string[]) => `
  const empty = ${JSON.stringify(entries)}.filter((entry) => Object.keys(require(entry)).length === 0);
  const { SocketCreator } = require('tofu-sockets');
  import('tofu-sockets').then((module) => {
    console.log('empty:', empty.join(), 'one copy:', module.SocketCreator === SocketCreator);
  });
`;

/** A program that re-exports every entry, so that a type checker checks all declarations. */
export const nameAll = (entries: readonly string[]) =>
  entries.map((entry, at) => `import * as e${at} from '${entry}';\nexport { e${at} };\n`).join('');

/** Waits until a UDP socket is writable: the work of all packages from ntdllx to afd-poller. */
export const poll = readFileSync(resolve(import.meta.dirname, '../../programs/poll.ts'), 'utf8');

/** Passes a socket of one copy of tofu-sockets to a poller that has another copy. */
export const twoCopies = `
  import { AfdPoller } from 'afd-poller';
  import { SocketCreator, UDPAddress } from 'tofu-sockets';
  const skt = new SocketCreator().fromAddress(new UDPAddress('127.0.0.1', 0));
  try {
    const poller = new AfdPoller({ allowMainThread: true });
    poller.add(skt, { writable: true }, 'socket');
    for (const event of poller.wait(1_000)) console.log(event.kind, event.token);
  } catch (error) {
    console.log(error.message);
  }
  process.exit();
`;

/** A test file with a test for Windows and a test for other hosts. */
export const vitestFile = `
  import { Reactor } from 'tofu-reactor';
  import { expect, test } from 'vitest';

  const isWindows = process.platform === 'win32';
  test.skipIf(isWindows)('the first call throws, and its message names what is missing', () => {
    expect(() => new Reactor()).toThrow(expect.objectContaining({ code: 'ERR_NT_HOST' }));
  });
  test.skipIf(!isWindows)('a reactor echoes', async () => {
    const reactor = new Reactor();
    const server = await reactor.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
      connection.onReadable = () => {
        const into = Buffer.alloc(16);
        const count = connection.readInto(into);
        if (typeof count === 'number' && count > 0) connection.write(into.subarray(0, count));
      };
    });
    const running = reactor.run();
    const client = await reactor.connect(server.endpoint);
    client.write('hello');
    const into = Buffer.alloc(16);
    const count = await client.read(into);
    expect(into.toString('utf8', 0, count)).toBe('hello');
    await reactor.close();
    await running;
  });
`;
