import { defineConfig } from 'vitest/config';

export default defineConfig({
  build: {
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'index' },
    rollupOptions: { external: ['koffi', /^node:/] },
  },
  // Each of the two runs has its own cache directory.
  cacheDir: `node_modules/.vite-${process.platform}`,
});
