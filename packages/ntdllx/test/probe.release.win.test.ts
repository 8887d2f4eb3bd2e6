import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nativeMemory } from 'ntdllx';
import { probeNt, wineVersion } from 'ntdllx/probe';
import { hostProfile } from 'test-kit';
import { expect, test } from 'vitest';

test('koffi is necessary and loads; the optional functions are looked for', () => {
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

test('each is tried when it is asked for, and a second time it is the same', () => {
  const probe = probeNt();
  expect(probe.next().value).toMatchObject({ name: 'koffi' });
  probe.return();
  expect(nativeMemory()).toEqual({ blocks: 0, bytes: 0 });
  const verdicts = () => [...probeNt()].map(({ verdict }) => verdict);
  expect(verdicts()).toEqual(verdicts());
});

test('without koffi the first call says how to get it', () => {
  // The package where no node_modules is: what is imported finds no koffi.
  const copy = mkdtempSync(join(tmpdir(), 'ntdllx-alone-'));
  try {
    const entry = createRequire(import.meta.url).resolve('ntdllx');
    cpSync(dirname(entry), copy, { recursive: true });
    writeFileSync(join(copy, 'package.json'), '{"type":"module"}');
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
    expect(facts).toMatchObject([{ name: 'koffi', verdict: 'missing' }]);
    expect(facts[0].hint).toMatch(/^Install koffi with its native part for win32-(x64|arm64)\./);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('Wine is known by its own word, and Windows by not having one', () => {
  const version = wineVersion();
  const name = version === undefined ? 'Windows' : `Wine ${version}`;
  expect(hostProfile().kernelVersion).toMatch(new RegExp(`^${name}\\b`));
});
