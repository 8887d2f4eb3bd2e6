import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeHost, openSession, type Session } from 'winnode';

// Two bundlers each make one file of a program. The file runs in Windows Node, with koffi installed
// and without.

const host = describeHost();
const work = resolve(import.meta.dirname, '../.work/bundles');
const elsewhere = mkdtempSync(join(tmpdir(), 'bundle without koffi '));
const source = join(work, 'program.mjs');

const program = `
  import { AfdPoller } from 'afd-poller';
  import { SocketCreator, UDPAddress } from 'tofu-sockets';
  try {
    const skt = new SocketCreator().fromAddress(new UDPAddress('127.0.0.1', 0));
    const poller = new AfdPoller({ allowMainThread: true });
    poller.add(skt, { writable: true });
    for (const event of poller.wait(5_000)) console.log(event.kind, event.isWritable);
    poller.close();
    skt.close();
  } catch ({ code, message }) {
    console.log(code, message);
  }
`;

type Format = 'esm' | 'cjs';
const bundlers = {
  esbuild: async (format: Format, outfile: string) => {
    const entryPoints = [source];
    const external = ['koffi'];
    await build({ bundle: true, platform: 'node', external, entryPoints, format, outfile });
  },
  rolldown: async (format: Format, file: string) => {
    const bundle = await rolldown({ input: source, external: ['koffi'], platform: 'node' });
    await bundle.write({ file, format, codeSplitting: false });
    await bundle.close();
  },
} as const;

describe.skipIf(host.kind === 'none')(`bundles ${host.reason}`, () => {
  let session: Session;
  beforeAll(async () => {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    writeFileSync(source, program);
    // pnpm adds directories to NODE_PATH for its scripts; a user's project does not have them.
    const { NODE_PATH: _more, ...env } = process.env;
    session = await openSession({ env });
  }, 200_000);
  afterAll(async () => {
    await session.close();
    for (const directory of [work, elsewhere]) rmSync(directory, { recursive: true, force: true });
  });

  const run = async (file: string): Promise<string> => {
    let said = '';
    await session.run([file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      onSpawn: ({ stdout }) => stdout?.setEncoding('utf8').on('data', (text) => (said += text)),
    });
    return said;
  };

  test.each(Object.entries(bundlers))(
    'a bundle of %s with koffi as an external module works',
    async (name, bundle) => {
      const file = join(work, `${name}.mjs`);
      await bundle('esm', file);
      expect(await run(file)).toBe('socket true\n');
    },
  );

  test.each(Object.entries(bundlers))(
    'a bundle of %s fails without an installed koffi, and the message says so',
    async (name, bundle) => {
      const file = join(elsewhere, `${name}.mjs`);
      await bundle('esm', file);
      const said = await run(file);
      expect(said).toMatch(/^ERR_KOFFI \w+: koffi does not load: Cannot find module 'koffi'/);
      expect(said).toContain('ntdllx is in a bundle');
      expect(said).toContain('npm install koffi, pnpm add koffi, yarn add koffi');
      expect(said).not.toContain('pnpm-workspace');
    },
  );

  test.each(Object.entries(bundlers))(
    'a CommonJS bundle of %s fails, and the message says that it must be ESM',
    async (name, bundle) => {
      const file = join(work, `${name}.cjs`);
      await bundle('cjs', file);
      expect(await run(file)).toMatch(/^(socket true\n|ERR_KOFFI .*bundle as ESM)/);
    },
  );
});
