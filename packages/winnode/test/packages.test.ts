import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSession, type Session } from 'winnode';
import { host, runIn, winnodeHere } from './cli.js';

// Tests packages in a directory that WINNODE_PACKAGES names, such as Windows builds.

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'winnode packages ')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(scratch, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Writes a package that prints its own name and version. */
function writePackage(directory: string, name: string, version: string): void {
  write(`${directory}/package.json`, JSON.stringify({ name, version, main: 'index.js' }));
  write(`${directory}/index.js`, `module.exports = '${name} ${version}';`);
  write(`${directory}/addon.node.js`, `module.exports = 'addon of ${name} ${version}';`);
}

const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

describe.skipIf(host.kind !== 'wine')(`packages in WINNODE_PACKAGES ${reason}`, () => {
  let session: Session;
  beforeAll(async () => {
    session = await openSession();
  }, 200_000);
  afterAll(() => session.close());

  const home = join(scratch, 'home');
  const env = { ...process.env, WINNODE_PACKAGES: home };
  const cwd = join(scratch, 'project');

  test('require, import and resolve find a package in the version that its importer needs', async () => {
    writePackage('home/node_modules/@n/win32-x64', '@n/win32-x64', '2.0.0');
    writePackage('home/node_modules/@n/win32-x64--1.0.0', '@n/win32-x64', '1.0.0');
    // A package in the project's own node_modules takes precedence.
    writePackage('home/node_modules/own', 'own', '9.0.0');
    writePackage('project/node_modules/own', 'own', '1.0.0');
    for (const [name, version] of [
      ['old', '1.0.0'],
      ['new', '2.0.0'],
    ]) {
      const optionalDependencies = { '@n/win32-x64': version };
      const manifest = { name, version, optionalDependencies, exports: './lib/index.js' };
      write(`project/node_modules/${name}/package.json`, JSON.stringify(manifest));
      // This package.json names no dependencies, so winnode must use the one above it.
      write(`project/node_modules/${name}/lib/package.json`, '{ "type": "commonjs" }');
      const source = `module.exports = [require('@n/win32-x64'), require('@n/win32-x64/addon.node.js')]`;
      write(`project/node_modules/${name}/lib/index.js`, source);
    }
    write('project/package.json', JSON.stringify({ name: 'project', type: 'module' }));
    write(
      'project/index.js',
      `import { createRequire } from 'node:module';
       import { Worker } from 'node:worker_threads';
       import imported from '@n/win32-x64';
       const require = createRequire(import.meta.url);
       const codeOf = (call) => { try { return call(); } catch ({ code }) { return code; } };
       const inWorker = "require('worker_threads').parentPort.postMessage(require('@n/win32-x64'))";
       console.log(JSON.stringify([
         require('old'), require('new'), imported, require('own'),
         require.resolve('@n/win32-x64/addon.node.js').split('\\\\').slice(-3),
         import.meta.resolve('@n/win32-x64').endsWith('/home/node_modules/@n/win32-x64/index.js'),
         codeOf(() => require('none')), codeOf(() => require('./@n/win32-x64')),
         codeOf(() => require('@n/win32-x64/none.js')),
         await import('none').catch(({ code }) => code),
         await new Promise((done) => new Worker(inWorker, { eval: true }).on('message', done)),
       ]));`,
    );
    const { code, stdout, stderr } = await runIn(session, ['index.js'], { env, cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual([
      ['@n/win32-x64 1.0.0', 'addon of @n/win32-x64 1.0.0'],
      ['@n/win32-x64 2.0.0', 'addon of @n/win32-x64 2.0.0'],
      '@n/win32-x64 2.0.0',
      'own 1.0.0',
      ['@n', 'win32-x64', 'addon.node.js'],
      true,
      'MODULE_NOT_FOUND',
      'MODULE_NOT_FOUND',
      'MODULE_NOT_FOUND',
      'ERR_MODULE_NOT_FOUND',
      '@n/win32-x64 2.0.0',
    ]);
  });

  test('a program finds no such package with WINNODE_PACKAGES=none', async () => {
    const without = { ...env, WINNODE_PACKAGES: 'none' };
    const args = ['-p', `try { require('@n/win32-x64') } catch ({ code }) { code }`];
    expect((await runIn(session, args, { env: without, cwd })).stdout).toBe('MODULE_NOT_FOUND\n');
    expect((await runIn(session, args, { env, cwd })).stdout).toBe('@n/win32-x64 2.0.0\n');
  });

  test('winnode names a directory that does not exist, and exits with 2', async () => {
    const { code, stderr } = await winnodeHere(['-p', '1'], { WINNODE_PACKAGES: '/nowhere' });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^winnode: WINNODE_PACKAGES names "\/nowhere", which has no node_modules/,
    );
  });
});
