#!/usr/bin/env node
// Compiles the package in the working directory into dist/debug.
import { spawnSync } from 'node:child_process';
import { isBuilt, noteBuilt } from '../src/built-once.mjs';

if (!isBuilt()) {
  // The compiler is a native program, and is started directly: its script for Node would only cost
  // another process.
  const typescript = '../../../node_modules/typescript/lib/getExePath.js';
  const { default: getExePath } = await import(new URL(typescript, import.meta.url).href);
  const args = ['-p', 'tsconfig.build.json'];
  const { status, error } = spawnSync(getExePath(), args, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status === 0) noteBuilt();
  else process.exitCode = status ?? 1;
}
