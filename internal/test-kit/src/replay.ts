import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';

/** The line that repeats the failure of the current test. */
export function replayLine(seed: number, path: string | number): string {
  const { testPath, currentTestName } = expect.getState();
  const environment = `REPLAY_SEED=${seed} REPLAY_PATH="${path}"`;
  if (testPath === undefined) return `Again: ${environment}`;
  return `Again: ${environment} ${commandFor(testPath, currentTestName)}`;
}

/** The command that runs one test of one file. */
export function commandFor(testPath: string, testName: string | undefined): string {
  const file = basename(testPath);
  const build = process.env['TEST_BUILD'] === 'release' ? 'release' : 'debug';
  const siege = file.includes('.siege.') ? ' --siege' : '';
  const test = testName === undefined ? '' : ` -t "${titlePattern(testName)}"`;
  const script = `pnpm --filter ${packageOf(testPath)} test:${build}`;
  // The filter matches no test in the run's part for the other host.
  return `${script}${siege} ${file}${test} --passWithNoTests`;
}

/**
 * A pattern that matches the title and contains no character that is special in a shell or a
 * RegExp.
 */
function titlePattern(testName: string): string {
  // Vitest prints suites and test separated by " > ", but filters without it.
  return testName.replaceAll(' > ', ' ').replace(/[^\w ,:;=/-]/g, '.');
}

function packageOf(testPath: string): string {
  for (let directory = dirname(testPath); ; directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')).name;
    if (dirname(directory) === directory) return '.';
  }
}
