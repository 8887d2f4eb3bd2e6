import { transform } from 'esbuild';
import { expect, test } from 'vitest';
import { configDirectory, processId } from '../src/index.js';

// These tests run twice: `npm run test:host` and `npm run test:windows`.

const isWindows = process.platform === 'win32';

test.runIf(isWindows)('on Windows settings are in AppData', () => {
  expect(process.platform === 'win32').toBe(true);
  const directory = configDirectory('example', { APPDATA: 'C:\\Users\\you\\AppData\\Roaming' });
  expect(directory).toBe('C:\\Users\\you\\AppData\\Roaming\\example');
});

test.skipIf(isWindows)('elsewhere settings are in .config', () => {
  expect(configDirectory('example', { XDG_CONFIG_HOME: '/home/you/.config' })).toBe(
    '/home/you/.config/example',
  );
});

test('koffi calls the system', () => {
  expect(processId()).toBe(process.pid);
});

test('esbuild runs', async () => {
  const { code } = await transform('let x: number = 1', { loader: 'ts' });
  expect(code).toBe('let x = 1;\n');
});
