import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPoller } from 'afd-poller/internal';
import { isRealKernel, ntKernel } from 'ntdllx';
import { createSimNt } from 'sim-nt';
import * as own from 'tofu-sockets';
import * as ownSeams from 'tofu-sockets/internal';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inWords } from './fixture.js';

// A project in which tofu-sockets and ntdllx are installed twice, as package managers do for
// different versions. The second copies and their dependencies are in a separate directory.

const project = mkdtempSync(join(tmpdir(), 'two copies '));
const condition = process.env['TEST_BUILD'] === 'debug' ? 'debug' : 'release';
let other: typeof own;
let otherSeams: typeof ownSeams;
let otherNtdllx: { ntKernel: typeof ntKernel };

/** Copies an installed package into the project. */
function install(name: string, from: string): string {
  const manifest = createRequire(from).resolve(`${name}/package.json`);
  const place = join(project, 'node_modules', name);
  mkdirSync(place, { recursive: true });
  cpSync(dirname(manifest), place, {
    recursive: true,
    dereference: true,
    filter: (path) =>
      !/[\\/](node_modules|src|test|\.turbo|\.test-results)([\\/]|$)/.test(
        path.slice(dirname(manifest).length),
      ),
  });
  return manifest;
}

beforeAll(async () => {
  const sockets = install('tofu-sockets', import.meta.url);
  install('ntdllx', import.meta.url);
  install('ipaddr.js', sockets);
  const entry = (name: string, file = 'index.js') =>
    pathToFileURL(join(project, 'node_modules', name, 'dist', condition, file)).href;
  other = (await import(entry('tofu-sockets'))) as typeof own;
  otherSeams = (await import(entry('tofu-sockets', 'internal.js'))) as typeof ownSeams;
  otherNtdllx = (await import(entry('ntdllx'))) as typeof otherNtdllx;
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

test('two copies of the package recognise sockets and would-block of each other', () => {
  expect(other.SocketCreator).not.toBe(own.SocketCreator);
  expect(other.wouldBlock).toBe(own.wouldBlock);
  const { kernel } = createSimNt({ seed: 1 });
  const listener = otherSeams.createSocketCreator(kernel).fromAddress(new other.TCPServerAddress());
  expect(own.isSkt(listener)).toBe(true);
  expect(own.isSkt({ kind: 'listener' })).toBe(false);
  // The accept loop of a program that imports the other copy.
  expect(listener.accept()).toBe(own.wouldBlock);
  listener.close();
});

test('a poller accepts sockets of both copies, and sees would-block and close of each', () => {
  const sim = createSimNt({ seed: 1 });
  const { kernel, nowMs: now } = sim;
  const poller = createPoller<string>({ kernel, now, allowMainThread: true });
  const skts = [
    { ...own, ...ownSeams },
    { ...other, ...otherSeams },
  ].map(({ createSocketCreator, UDPAddress }) =>
    createSocketCreator(kernel).fromAddress(new UDPAddress('127.0.0.1', 0)),
  );
  for (const [index, skt] of skts.entries()) {
    poller.add(skt, { readable: true, mode: 'edge' }, `copy ${index}`);
  }
  expect(poller.wait(0).length).toBe(0);
  const [first, second] = skts as [own.DatagramSkt, own.DatagramSkt];
  for (let round = 0; round < 2; round += 1) {
    for (const skt of skts) first.sendTo(Buffer.from('x'), skt.localEndpoint());
    const words = [...inWords(poller.wait(50)), ...inWords(poller.wait(50))];
    expect(words.sort()).toEqual(['copy 0 readable', 'copy 1 readable']);
    // In edge mode a socket is reported again only after a call on it returned would-block.
    for (const skt of skts) while (skt.recvFrom(Buffer.alloc(4)) !== own.wouldBlock);
  }
  second.close();
  expect(poller.inspect().registrations).toBe(1);
  poller.close();
  first.close();
  expect(sim).toMatchObject({ violations: [], handles: 0, memory: { blocks: 0 } });
});

test('both copies of ntdllx export the same real kernel', () => {
  expect(otherNtdllx.ntKernel).not.toBe(ntKernel);
  expect(isRealKernel(otherNtdllx.ntKernel)).toBe(true);
  expect(isRealKernel(createSimNt({ seed: 1 }).kernel)).toBe(false);
});

test('a socket of an incompatible copy is refused, and the message says what to do', () => {
  const { kernel } = createSimNt({ seed: 1 });
  const poller = createPoller({ kernel });
  class Skt {}
  expect(() => poller.add(new Skt() as never, {})).toThrowError(/another copy of tofu-sockets/);
  poller.close();
});
