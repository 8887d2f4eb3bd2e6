import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { describeHost, openSession } from 'winnode';

// Output of the ladder that cannot be written. A lost trace or report must not change the verdict.
// A lost line of the standard output must not count as success.

const main = createRequire(import.meta.url).resolve('poc-ladder/main');
const host = describeHost();
const why = existsSync('/dev/full') ? host.reason : 'needs /dev/full';
const directory = mkdtempSync(join(tmpdir(), 'ladder-output-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs stage 0 with arguments and redirections, as in a shell. */
function ladder(words: string) {
  const env = { ...process.env, NODE: process.execPath, MAIN: main };
  const script = `"$NODE" "$MAIN" --stage 0-wake --build release ${words}`;
  return spawnSync('bash', ['-o', 'pipefail', '-c', script], {
    encoding: 'utf8',
    cwd: directory,
    env,
  });
}

describe.skipIf(why !== '')(`output that cannot be written ${why}`, async () => {
  const session = why === '' ? await openSession() : undefined;
  afterAll(() => session?.close());

  test.each(['--json --no-report', '--no-report', '--json'])(
    '%s on a full disk: exit code 1, and one message',
    (words) => {
      const { status, stderr } = ladder(`${words} > /dev/full`);
      expect(stderr.match(/Standard output is incomplete: ENOSPC/g)).toHaveLength(1);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(status).toBe(1);
    },
  );

  test('lines of --trace on a full disk do not change the verdict', () => {
    const { status, stdout } = ladder('--trace --no-report 2> /dev/full');
    expect(stdout).toMatch(/0-wake +release +proven/);
    expect(status).toBe(0);
  });

  test('readers of both streams that have exited do not change the verdict', () => {
    expect(ladder('--trace --no-report 2>&1 | true').status).toBe(0);
  });

  test('a trace file on a full disk does not change the verdict; a message names the file', () => {
    const { status, stdout, stderr } = ladder('--no-report --trace-file /dev/full');
    expect(stdout).toMatch(/0-wake +release +proven/);
    expect(stderr).toMatch(/^The trace could not be written to .+: ENOSPC.*\n$/);
    expect(status).toBe(0);
  });

  test('a report that cannot be written does not change the verdict, and leaves no file', () => {
    rmSync(join(directory, 'report'), { recursive: true, force: true });
    writeFileSync(join(directory, 'report'), '');
    const { status, stdout, stderr } = ladder('');
    expect(stdout).toMatch(/0-wake +release +proven/);
    expect(stderr).toMatch(
      /^\nThe report could not be written; the verdicts are not affected\. .+\n$/,
    );
    expect(readdirSync(directory)).toEqual(['report']);
    expect(status).toBe(0);
  });
});
