import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostProfile } from 'test-kit';
import { Reactor } from 'tofu-reactor';
import { temporaryUDSPath } from 'tofu-sockets';
import { afterAll, describe, expect, test } from 'vitest';
import { relayLoadCases } from './cases/relay-load.js';
import { type Route, relayCases } from './cases/relays.js';
import { commandHere } from './command-here.js';
import { runRealCases } from './real-cases.js';

const { afUnix } = hostProfile();

// The proxy and both peers in this process, in Node's loop.
const run = (route: Route) => {
  describe(`a proxy from ${route.join(' to ')}`, () => {
    runRealCases(route[0], 'loop', [relayCases(route), relayLoadCases(route)]);
  });
};

run(['IP', 'IP']);
describe.skipIf(!afUnix.isPresent)(`over AF_UNIX ${afUnix.reason}`, () => {
  run(['IP', 'AF_UNIX']);
  run(['AF_UNIX', 'IP']);
});

const scratch = mkdtempSync(join(tmpdir(), 'tofu command '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Expects that the command fails to start, with one line. */
async function expectRefused(args: readonly string[], message: string): Promise<void> {
  const { code, stdout, stderr } = await commandHere(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^tofu: [^\n]*\n$/);
}

test('a port in use prints one line, exit code 1', async () => {
  const reactor = new Reactor();
  const { endpoint } = await reactor.listen({ port: 0 }, () => {});
  const address = `tcp|127.0.0.1|${'port' in endpoint ? endpoint.port : 0}`;
  const message = `Cannot listen on ${address}: another program listens there. End it, or use another port`;
  for (const command of [['echo'], ['http', scratch]]) {
    await expectRefused([...command, address], message);
  }
  await expectRefused(['proxy', address, 'tcp:127.0.0.1:1'], message);
  await reactor.close();
});

test('an address of another machine prints one line, exit code 1', () =>
  expectRefused(
    ['echo', '--expose', 'tcp|192.0.2.1|0'],
    "it is not one of this machine's addresses",
  ));

test.skipIf(afUnix.isPresent)('without AF_UNIX a path prints one line, exit code 1', async () => {
  const why = 'This host does not have AF_UNIX';
  await expectRefused(['echo', String.raw`uds|C:\x.sock`], why);
  await expectRefused(['proxy', 'tcp:127.0.0.1:0', String.raw`uds|C:\x.sock`], why);
});

describe.skipIf(!afUnix.isPresent)(`a path ${afUnix.reason}`, () => {
  test('in use, of another file or in a missing directory prints one line, exit code 1', async () => {
    const reactor = new Reactor();
    const path = temporaryUDSPath();
    await reactor.listen({ path }, () => {});
    await expectRefused(['echo', `uds|${path}`], 'another server listens there');
    await reactor.close();
    const file = join(scratch, 'file');
    writeFileSync(file, '');
    await expectRefused(['echo', `uds|${file}`], 'is not the file of a socket');
    const nowhere = String.raw`uds|C:\no\such\directory\x.sock`;
    await expectRefused(['echo', nowhere], 'its directory does not exist');
  });
});

test.each([
  ['nowhere', 'there is no such directory'],
  ['file', 'it is a file'],
])('http with an unusable directory prints one line, exit code 1: %s', async (name, message) => {
  const path = join(scratch, name);
  if (name === 'file') writeFileSync(path, '');
  await expectRefused(['http', path, 'tcp:127.0.0.1:0'], message);
});
