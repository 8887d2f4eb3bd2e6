import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeHost, runWindowsNode } from 'winnode';

// Checks that each package is loaded once, although pnpm links the packages into each other and
// Wine does not show links as links. If ntdllx were loaded twice, `instanceof` with its classes
// would fail.

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

/** Counts the loaded files by their path in a package, then proves a stage. */
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
  `each file of ntdllx, tofu-sockets and the other packages is loaded once ${host.reason}`,
  async () => {
    mkdirSync(work, { recursive: true });
    writeFileSync(join(work, 'program.mjs'), program);
    // pnpm adds directories to NODE_PATH for its scripts; a user's project does not have them.
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
