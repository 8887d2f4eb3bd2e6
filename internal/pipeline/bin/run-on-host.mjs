#!/usr/bin/env node
// run-on-host <debug|release> FILE [FILE ...] [vitest options]: runs test files of the package in the
// working directory in this Node alone. For what is not of the pipeline and needs no Windows.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [build, ...rest] = process.argv.slice(2);
const isOption = (text) => text.startsWith('--');
const files = rest.filter((text) => !isOption(text));
if (!['debug', 'release'].includes(build) || files.length === 0) {
  process.stderr.write('Usage: run-on-host <debug|release> FILE [FILE ...] [vitest options]\n');
  process.exit(1);
}
const manifest = createRequire(import.meta.url).resolve('vitest/package.json');
const config = fileURLToPath(new URL('../src/vitest.config.mjs', import.meta.url));
const vitest = [join(dirname(manifest), 'vitest.mjs'), 'run', '--config', config];
const options = [process.env.NODE_OPTIONS, build === 'debug' ? '--conditions=debug' : ''];
const child = spawn(
  process.execPath,
  [...vitest, '--configLoader', 'native', ...rest.filter(isOption)],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      TEST_BUILD: build,
      TEST_FILES: files.join('\n'),
      NODE_OPTIONS: options.filter(Boolean).join(' '),
    },
  },
);
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
