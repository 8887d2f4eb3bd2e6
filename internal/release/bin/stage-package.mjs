#!/usr/bin/env node
// The script `prepack` of each published package: makes the directory that pnpm packs. It rejects
// npm and Yarn, because they would pack the directory of the package itself, with `workspace:`
// ranges.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stagePackage } from '../src/stage.mjs';

const { name } = JSON.parse(readFileSync('package.json', 'utf8'));
const tool = /^(\w+)\//.exec(process.env.npm_config_user_agent ?? '')?.[1];
try {
  if (tool !== 'pnpm') {
    throw new Error(`${tool ?? 'This tool'} cannot pack ${name}. Use: pnpm --filter ${name} pack`);
  }
  stagePackage(resolve('../..'), name);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
