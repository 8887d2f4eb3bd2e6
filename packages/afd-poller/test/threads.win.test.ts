import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { crossSection, testedBuild } from 'test-kit';
import { expect, test } from 'vitest';
import { presetNames } from './pollers.js';
import { testThreads } from './threads.js';

// Each test runs with one preset, which differs between the builds. The siege runs every test with
// every preset.
testThreads(crossSection(presetNames));

const endings = {
  debug: ['process.exit', 'exit', 3],
  release: ['an uncaught exception', 'throw', 1],
} as const;

test.each([endings[testedBuild]])(
  'a process whose workers wait without a time-out ends by %s',
  (_name, ending, exitCode) => {
    const script = fileURLToPath(new URL('./waiting-process.mjs', import.meta.url));
    // A process that hangs is killed and has no exit code.
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ending], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect({ status, stdout }, stderr).toEqual({ status: exitCode, stdout: 'waiting\n' });
  },
);
