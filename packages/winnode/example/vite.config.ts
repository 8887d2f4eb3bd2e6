import { defineConfig } from 'vitest/config';

export default defineConfig({
  build: {
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'index' },
    rollupOptions: { external: ['koffi', /^node:/] },
  },
  // Each of the two runs has a directory of its own for what it keeps.
  cacheDir: `node_modules/.vite-${process.platform}`,
});
