import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';

// Tests output that cannot be written: guardOutput handles the program's streams, printLine prints
// the verdict.

const kit = pathToFileURL(createRequire(import.meta.url).resolve('poc-kit')).href;
const program = (exitCode: number, note = '') => `
  import { guardOutput, printLine } from ${JSON.stringify(kit)};
  guardOutput();
  process.stderr.write(${JSON.stringify(note)});
  process.stdout.write('a line\\n');
  printLine('a verdict');
  process.exitCode = ${exitCode};`;

const why = process.platform === 'win32' ? 'needs bash and /dev/full' : '';

function run(source: string, stdout: 'pipe' | number, stderr: 'pipe' | number) {
  const args = ['--input-type=module', '-e', source];
  return spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', stdout, stderr] });
}

describe.skipIf(why)(`output that cannot be written ${why}`, () => {
  test.each([0, 3])(
    'a reader that has exited: the program prints no message and keeps exit code %d',
    (code) => {
      const env = { ...process.env, NODE: process.execPath, PROGRAM: program(code) };
      const script = `exec 3>&1 4> >(exec true); sleep 0.2
      "$NODE" --input-type=module -e "$PROGRAM" >&4 2>&3; echo "code $?" >&3`;
      const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8', env });
      expect(stdout).toBe(`code ${code}\n`);
    },
  );

  describe.skipIf(!existsSync('/dev/full'))('on a full disk', () => {
    test.each([
      [0, 1],
      [3, 3],
    ])('the program prints one message, and exit code %d becomes %d', (code, seen) => {
      const full = openSync('/dev/full', 'w');
      const { status, stderr } = run(program(code), full, 'pipe');
      closeSync(full);
      expect(stderr).toMatch(/^Standard output is incomplete: ENOSPC.*\n$/);
      expect(status).toBe(seen);
    });

    test('a full standard error changes neither the standard output nor the exit code', () => {
      const full = openSync('/dev/full', 'w');
      const { status, stdout } = run(program(0, 'a note'), 'pipe', full);
      closeSync(full);
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'a line\na verdict\n' });
    });
  });
});
