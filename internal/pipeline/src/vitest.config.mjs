// One configuration for every package and both builds: the plan in TEST_PLAN says what to run. The
// condition `debug` in NODE_OPTIONS selects the build; child processes and workers inherit it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const beside = (file) => fileURLToPath(new URL(file, import.meta.url));
const plan = JSON.parse(readFileSync(process.env.TEST_PLAN, 'utf8'));
const conditions = process.env.TEST_BUILD === 'debug' ? ['debug'] : [];
const include = plan.packages.flatMap(({ directory, files }) =>
  files.map((file) => resolve(directory, file).replaceAll('\\', '/')),
);

export default defineConfig({
  root: plan.packages.length === 1 ? plan.packages[0].directory : beside('../../..'),
  cacheDir: beside('../node_modules/.vite'),
  ssr: { resolve: { conditions: [...conditions, 'node', 'module'] } },
  test: {
    include,
    // In Windows Node each file has its own process: a crash loses one file, and native state
    // never carries over to the next. On the host no test has native state, and starting a process
    // takes half of the file's time.
    pool: 'forks',
    isolate: plan.nodeKind === 'windows',
    fileParallelism: plan.workers > 1,
    maxWorkers: plan.workers,
    // A poll ends with its test, not by its own time-out.
    expect: { poll: { timeout: 120_000 } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    setupFiles: [beside('./print-build.mjs')],
    // The tests use the built file as Node loads it, not a transformed copy.
    server: { deps: { external: [/[\\/]dist[\\/](debug|release)[\\/]/, /[\\/]bin[\\/]/] } },
    reporters: [...(plan.isBrief ? [] : ['verbose']), beside('./results-reporter.mjs')],
  },
});
