import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { nativeMemory, nodeErrorName, WsaError, wsaErrorName } from 'ntdllx';
import { probeNt, wineVersion } from 'ntdllx/probe';
import { hostProfile } from 'test-kit';
import { expect, test } from 'vitest';

test('the probe loads koffi, which is necessary, and looks up the optional functions', () => {
  const [koffi, ...optional] = [...probeNt()];
  const version = expect.stringMatching(/^\d+\.\d+\.\d+$/);
  expect(koffi).toMatchObject({ name: 'koffi', isNecessary: true, verdict: 'ok', version });
  expect(optional.map(({ name }) => name)).toEqual([
    'NtSetIoCompletionEx',
    'NtCreateWaitCompletionPacket',
    'NtAssociateWaitCompletionPacket',
    'NtCancelWaitCompletionPacket',
    'ProcessSocketNotifications',
  ]);
  for (const { isNecessary, verdict, detail } of optional) {
    expect(isNecessary).toBe(false);
    expect(['ok', 'missing']).toContain(verdict);
    expect(detail).not.toBe('');
  }
});

test('each step of the generator tries one item, and a second probe has the same verdicts', () => {
  const probe = probeNt();
  expect(probe.next().value).toMatchObject({ name: 'koffi' });
  probe.return();
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
  const verdicts = () => [...probeNt()].map(({ verdict }) => verdict);
  expect(verdicts()).toEqual(verdicts());
});

test('without koffi the error of the first call says how to install it', () => {
  // A copy of the package in a directory without node_modules, so that it does not find koffi.
  const copy = mkdtempSync(join(tmpdir(), 'ntdllx-alone-'));
  try {
    const entry = createRequire(import.meta.url).resolve('ntdllx');
    cpSync(dirname(entry), copy, { recursive: true, filter: () => true });
    const exports = { './package.json': './package.json' };
    const manifest = { name: 'ntdllx', type: 'module', exports };
    writeFileSync(join(copy, 'package.json'), JSON.stringify(manifest));
    const script = `
      import { NtClose } from './index.js';
      import { probeNt } from './probe.js';
      try { NtClose(0); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }
      console.log(JSON.stringify([...probeNt()]));
    `;
    writeFileSync(join(copy, 'main.js'), script);
    const { NODE_PATH: _more, ...env } = process.env;
    const main = [join(copy, 'main.js')];
    const { stdout } = spawnSync(process.execPath, main, { encoding: 'utf8', env });
    const [error, facts] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(error.code).toBe('ERR_KOFFI');
    expect(error.message).toMatch(
      /^NtClose: koffi does not load: Cannot find module 'koffi'.* Install/,
    );
    const [, tried = ''] = error.message.split(' Tried:\n');
    const places = tried.split('\n').map((line: string) => line.trim());
    expect(places[0]).toBe(join(realpathSync.native(copy), 'node_modules', 'koffi'));
    expect(places.length).toBeGreaterThan(1);
    expect(facts).toMatchObject([{ name: 'koffi', verdict: 'missing' }]);
    expect(facts[0].hint).toMatch(/^Install koffi with its native part for win32-(x64|arm64)\./);

    // Now koffi is there, but not its native part.
    cpSync(koffiRoot(), join(copy, 'node_modules', 'koffi'), {
      recursive: true,
      filter: () => true,
    });
    const again = spawnSync(process.execPath, main, { encoding: 'utf8', env });
    const { message } = JSON.parse(again.stdout.split('\n')[0] ?? '');
    expect(message).toContain(`  ${join(copy, 'node_modules', '@koromix', 'koffi-win32-')}`);
    expect(message).toMatch(/koffi does not load: Cannot find the native .*koffi\.node$/s);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

/** The directory of the koffi that ntdllx loads. */
function koffiRoot(): string {
  return dirname(createRequire(createRequire(import.meta.url).resolve('ntdllx')).resolve('koffi'));
}

test('wineVersion returns the version of the Wine that runs this process, and undefined on Windows', () => {
  const version = wineVersion();
  const name = version === undefined ? 'Windows' : `Wine ${version}`;
  expect(hostProfile().kernelVersion).toMatch(new RegExp(`^${name}\\b`));
});

test('Winsock errors have the names that the libuv in node.exe gives them', () => {
  const require = createRequire(createRequire(import.meta.url).resolve('ntdllx'));
  const koffi = require('koffi') as typeof import('koffi');
  const translate = koffi.load(process.execPath).func('int uv_translate_sys_error(int)');
  // UV_UNKNOWN: libuv does not translate the code.
  const unknown = -4094;
  for (let wsaCode = 10_000; wsaCode < 11_100; wsaCode += 1) {
    const errno = translate(wsaCode) as number;
    const expected = errno === unknown ? undefined : { code: getSystemErrorName(errno), errno };
    expect(nodeErrorName(wsaCode), wsaErrorName(wsaCode)).toEqual(expected);
  }
  const refused = new WsaError('connect', 10_061);
  expect(refused).toMatchObject({ code: 'ECONNREFUSED', errno: -4078, syscall: 'connect' });
  expect(refused).toMatchObject({ wsaCode: 10_061, wsaName: 'WSAECONNREFUSED' });
  const other = new WsaError('WSAStartup', 10_067);
  expect(other).toMatchObject({ code: 'WSAEPROCLIM', errno: undefined, wsaName: 'WSAEPROCLIM' });
});
