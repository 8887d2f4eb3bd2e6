import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeHost, runWindowsNode } from 'winnode';

// Packages that are linked into each other, where Wine shows no links: a class of ntdllx that exists
// twice fails `instanceof`, and koffi's native part is not found beside a link.

const host = describeHost();
const work = resolve(import.meta.dirname, '../.work/once');
afterAll(() => rmSync(work, { recursive: true, force: true }));

const names = [
  'afd-poller',
  'nt-afd',
  'nt-findings',
  'nt-trace',
  'ntdllx',
  'poc-stage1-iocp',
  'tofu-sockets',
];

/** Counts what is loaded, by its place in a package; then has a stage proven with it. */
const program = `
  import { createRequire, registerHooks } from 'node:module';
  const loads = new Map();
  registerHooks({
    load(url, context, next) {
      const [place, name] = /([^/]+)\\/dist\\/.*/.exec(url) ?? [];
      if (name !== undefined) loads.set(place, { name, urls: (loads.get(place)?.urls ?? new Set()).add(url) });
      return next(url, context);
    },
  });
  const names = ${JSON.stringify(names)};
  for (const name of names) await import(name);
  const { runTest } = await import('poc-stage1-iocp');
  const { resolve } = createRequire(import.meta.url);
  const all = [...loads.values()];
  console.log(JSON.stringify({
    once: names.filter((name) => all.some((load) => load.name === name && load.urls.size === 1)),
    twice: all.filter(({ urls }) => urls.size > 1).flatMap(({ urls }) => [...urls]),
    linked: names.map((name) => resolve(name)).filter((path) => path.includes('node_modules')),
    verdict: runTest().verdict,
  }));
`;

test.skipIf(host.kind === 'none')(
  `ntdllx, tofu-sockets and the rest are loaded once each ${host.reason}`,
  async () => {
    mkdirSync(work, { recursive: true });
    writeFileSync(join(work, 'program.mjs'), program);
    // What pnpm adds to the search path of its scripts is not there in a user's project.
    const { NODE_PATH: _more, ...env } = process.env;
    let said = '';
    const { exitCode } = await runWindowsNode([join(work, 'program.mjs')], {
      env: { ...env, WINNODE_HIDE_LINKS: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
      onSpawn: ({ stdout }) => stdout?.setEncoding('utf8').on('data', (text) => (said += text)),
    });
    expect(JSON.parse(said.trimEnd().split('\n').at(-1) ?? '')).toEqual({
      once: names,
      twice: [],
      linked: [],
      verdict: 'proven',
    });
    expect(exitCode).toBe(0);
  },
);
