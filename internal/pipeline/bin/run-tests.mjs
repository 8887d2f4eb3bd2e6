#!/usr/bin/env node
// run-tests <debug|release> [--siege] [vitest options]: tests the package in the working directory
// against one build. `*.test.ts` run in this Node, `*.win.test.ts` in Windows Node, through winnode.
// Long and random ones, `*.siege.test.ts` and `*.siege.win.test.ts`, run with --siege, and then alone.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noteSkippedRun, requireHostFacts } from '../src/host-facts.mjs';
import { hostProfile, profileFile } from '../src/host-profile.mjs';
import { openSession, toWindowsPath } from '../src/winnode.mjs';

const [build, ...options] = process.argv.slice(2);
const isSiege = options[0] === '--siege';
const vitestOptions = isSiege ? options.slice(1) : options;
if (build !== 'debug' && build !== 'release') {
  fail('Usage: run-tests <debug|release> [--siege] [vitest options]');
}
const { name } = JSON.parse(readFileSync('package.json', 'utf8'));
const vitestManifest = createRequire(import.meta.url).resolve('vitest/package.json');
const vitest = join(dirname(vitestManifest), 'vitest.mjs');
const config = fileURLToPath(new URL('../src/vitest.config.mjs', import.meta.url));

let facts;
try {
  facts = requireHostFacts();
  await hostProfile(facts, build);
} catch (error) {
  fail(error.message);
}
const files = readdirSync('test', { recursive: true })
  .map((file) => `test/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.test.ts') && /\.siege\./.test(file) === isSiege)
  .sort();
const forWindows = files.filter((file) => file.endsWith('.win.test.ts'));
const forAnyHost = files.filter((file) => !file.endsWith('.win.test.ts'));
const run = ['run', '--config', config, '--configLoader', 'native', ...vitestOptions];
let ran = 0;

// On Windows both kinds run in the one Node there is.
if (facts.kind === 'windows') await onThisHost(files);
else {
  await onThisHost(forAnyHost);
  if (facts.kind === 'wine') await onWine(forWindows);
  else skip(forWindows, facts.reason);
}
if (ran === 0) fail(`${name}: every test was skipped, so nothing is proven: ${facts.reason}`);

function fail(message) {
  process.stderr.write(`run-tests: ${message}\n`);
  process.exit(1);
}

function skip(list, reason) {
  if (list.length === 0) return;
  for (const file of list) process.stdout.write(`SKIPPED ${name} ${file}: ${reason}\n`);
  noteSkippedRun();
}

function environment(list, { isUnderWine = false } = {}) {
  const options = [process.env.NODE_OPTIONS, build === 'debug' ? '--conditions=debug' : ''];
  return {
    ...process.env,
    TEST_BUILD: build,
    TEST_HOST_PROFILE: isUnderWine ? toWindowsPath(profileFile) : profileFile,
    TEST_FILES: list.join('\n'),
    NODE_OPTIONS: options.filter(Boolean).join(' '),
  };
}

async function onThisHost(list) {
  if (list.length === 0) return;
  const child = spawn(process.execPath, [vitest, ...run], {
    stdio: 'inherit',
    env: { ...environment(list), TEST_PARALLEL: facts.kind === 'windows' ? '' : '1' },
  });
  finish(list, await new Promise((done) => child.on('close', (code) => done(code ?? 1))));
}

async function onWine(list) {
  if (list.length === 0) return;
  const session = await openSession({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  try {
    const { exitCode } = await session.run([vitest, ...run], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: environment(list, { isUnderWine: true }),
    });
    finish(list, exitCode);
  } finally {
    await session.close();
  }
}

function finish(list, exitCode) {
  if (exitCode !== 0) process.exitCode = exitCode;
  ran += list.length;
}
