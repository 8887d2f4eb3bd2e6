// One configuration for every package and both builds. The build is chosen by the condition
// `debug` in NODE_OPTIONS, which child processes and workers inherit.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const conditions = process.env.TEST_BUILD === 'debug' ? ['debug'] : [];

export default defineConfig({
  root: process.cwd(),
  cacheDir: 'node_modules/.vite',
  ssr: { resolve: { conditions: [...conditions, 'node', 'module'] } },
  test: {
    include: process.env.TEST_FILES.split('\n'),
    // One process per file: a crash loses one file, and native state never leaks to the next.
    pool: 'forks',
    isolate: true,
    // Native tests one after another; what runs on the host alone may share its two cores.
    fileParallelism: process.env.TEST_PARALLEL === '1',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 5_000,
    setupFiles: [fileURLToPath(new URL('./print-build.mjs', import.meta.url))],
    // What is tested is the built file as Node loads it, not a transformed copy.
    server: { deps: { external: [/[\\/]dist[\\/](debug|release)[\\/]/, /[\\/]bin[\\/]/] } },
    reporters: ['verbose'],
  },
});
