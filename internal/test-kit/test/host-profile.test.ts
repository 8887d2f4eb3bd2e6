import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script =
  "import { hostProfile } from 'test-kit'; console.log(JSON.stringify(hostProfile()));";

/**
 * The output of a process with these variables: its host as one JSON line, or the first line of
 * the error.
 */
function ask(env: NodeJS.ProcessEnv): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, TEST_HOST_PROFILE: undefined, TEST_KERNEL: undefined, ...env },
  });
  return stdout.trim() || (/^Error: (.*)$/m.exec(stderr)?.[1] ?? stderr);
}

test('hostProfile returns what the test runner wrote; TEST_KERNEL replaces the kernel', () => {
  const directory = mkdtempSync(join(tmpdir(), 'test-kit-'));
  const file = join(directory, 'profile.json');
  const profile = { kernel: 'wine8', kernelVersion: 'Wine 8.0', note: '' };
  writeFileSync(file, JSON.stringify(profile));
  const env = { TEST_HOST_PROFILE: file };
  expect(JSON.parse(ask(env))).toEqual(profile);
  const note = 'forced by TEST_KERNEL=windows';
  const forced = { ...profile, kernel: 'windows', note };
  expect(JSON.parse(ask({ ...env, TEST_KERNEL: 'windows' }))).toEqual(forced);
  expect(ask({ ...env, TEST_KERNEL: 'wine7' })).toMatch(
    /^TEST_KERNEL is "wine7"; known are wine8, /,
  );
  rmSync(directory, { recursive: true });
});

test('without the test runner hostProfile throws, and the message names the command to run', () => {
  expect(ask({})).toMatch(/^TEST_HOST_PROFILE is not set\. Run the tests by: /);
});
