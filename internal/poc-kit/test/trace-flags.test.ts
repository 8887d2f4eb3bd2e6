import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { trackFor } from 'nt-trace';
import {
  mostRecordedCalls,
  readStageTrace,
  takeTraceFlags,
  UsageError,
  withTrace,
  writeStageTrace,
} from 'poc-kit';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'trace-flags-'));
const file = join(directory, 'x.json');
const none = { isText: false, file: undefined };

afterAll(() => rmSync(directory, { recursive: true }));

describe('the trace flags are removed from a command line', () => {
  test.each([
    [[], { ...none, rest: [] }],
    [['--trace'], { ...none, isText: true, rest: [] }],
    [['--trace-file', 'x.json'], { ...none, file: 'x.json', rest: [] }],
    [['--trace-file=x.json', '--trace'], { isText: true, file: 'x.json', rest: [] }],
    [
      ['--external', '--trace', '--port', '80', '--trace-file', 'x', 'y'],
      { isText: true, file: 'x', rest: ['--external', '--port', '80', 'y'] },
    ],
    [['--trace-records', 'r', '--port=1'], { ...none, recordsFile: 'r', rest: ['--port=1'] }],
    // The stage itself rejects other arguments.
    [['--trace=yes'], { ...none, rest: ['--trace=yes'] }],
    [['--trac', '--', '--trace'], { ...none, rest: ['--trac', '--', '--trace'] }],
  ])('%j', (args, taken) => {
    expect(takeTraceFlags(args)).toEqual(taken);
  });

  test.each([
    [['--trace-file'], '--trace-file needs the name of a file.'],
    [['--trace-file='], '--trace-file needs the name of a file.'],
    [['--trace-records='], '--trace-records needs the name of a file.'],
  ])('%j is refused', (args, message) => {
    expect(() => takeTraceFlags(args)).toThrowError(UsageError);
    expect(() => takeTraceFlags(args)).toThrowError(message);
  });
});

describe('work with a trace', () => {
  const written = () => JSON.parse(readFileSync(file, 'utf8'));

  test('the trace file is written when the work ends, synchronous or asynchronous', async () => {
    expect(withTrace({ isText: false, file }, 'now', () => 1)).toBe(1);
    expect(written().traceEvents[0].args).toEqual({ name: 'now' });
    const later = withTrace({ isText: false, file }, 'later', async () => 2);
    expect(readFileSync(file, 'utf8')).toBe('');
    expect(await later).toBe(2);
    expect(written().traceEvents[0].args).toEqual({ name: 'later' });
  });

  test('the trace file is written also when the work throws, and the error is rethrown', () => {
    const fail = () => {
      throw new Error('on purpose');
    };
    expect(() => withTrace({ isText: false, file }, 'thrown', fail)).toThrowError('on purpose');
    expect(written().traceEvents[0].args).toEqual({ name: 'thrown' });
  });

  test('the work does not start when the trace file cannot be opened', () => {
    let isBegun = false;
    const begin = () => {
      isBegun = true;
    };
    const wrong = { isText: false, file: join(directory, 'none', 'x.json') };
    expect(() => withTrace(wrong, 'x', begin)).toThrowError(UsageError);
    expect(() => withTrace(wrong, 'x', begin)).toThrowError(/^--trace-file: ENOENT/);
    expect(isBegun).toBe(false);
  });
});

describe.skipIf(!existsSync('/dev/full'))(
  'on a full disk the trace is lost, and the work continues',
  () => {
    const said: string[] = [];
    beforeEach(() => {
      said.length = 0;
      vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(`${text}`) > 0);
    });
    afterEach(() => vi.restoreAllMocks());

    test.each(['now', 'later'])('work that ends %s', async (when) => {
      const flags = { isText: false, file: '/dev/full' };
      const work = () => (when === 'now' ? 1 : Promise.resolve(1));
      expect(await withTrace<unknown>(flags, 'x', work)).toBe(1);
      expect(said).toEqual([
        'The trace could not be written to /dev/full: ENOSPC: no space left on device, write\n',
      ]);
      // This is a device, and only files are removed.
      expect(existsSync('/dev/full')).toBe(true);
    });
  },
);

/**
 * Runs a shell script in a mount namespace of its own, in which $D is a disk of 64 KiB.
 *
 * @param variables further variables of the script.
 */
function onSmallDisk(script: string, variables: NodeJS.ProcessEnv = {}) {
  const mount = 'mount -t tmpfs -o size=64k none "$D"';
  const env = { ...process.env, D: directory, ...variables };
  const shell = ['--map-root-user', '--mount', 'sh', '-euc', `${mount}; ${script}`];
  return spawnSync('unshare', shell, { encoding: 'utf8', env });
}

const noMounts = onSmallDisk('true').status === 0 ? '' : 'needs unshare and mount';

test.skipIf(noMounts).each([0, 4, 16])(
  `on a disk with %d KiB left no part of a trace remains ${noMounts}`,
  (room) => {
    const kit = pathToFileURL(createRequire(import.meta.url).resolve('poc-kit')).href;
    const program = `import { withTrace } from '${kit}';
      const flags = { isText: false, file: process.env.D + '/x.json' };
      process.stdout.write(withTrace(flags, 'x'.repeat(2 ** 17), () => 'done'));`;
    const { status, stdout, stderr } = onSmallDisk(
      `head -c $((65536 - ${room} * 1024)) /dev/zero > "$D/fill"
      "$NODE" --input-type=module -e "$PROGRAM"; ls -x "$D"`,
      { NODE: process.execPath, PROGRAM: program },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'donefill\n' });
    expect(stderr).toMatch(/^The trace could not be written to .+x\.json: ENOSPC.*\n$/);
  },
);

describe('the trace for a report', () => {
  test('readStageTrace returns what was written, including numbers of 64 bits', () => {
    const packet = { kind: 'packet', keyContext: 2n ** 64n - 1n, apcContext: -1n } as never;
    const threads = [{ id: 0, name: 'main', isComplete: true }];
    const trace = { records: [packet], threads, callCount: 7, originUs: 0.25 };
    writeStageTrace(file, trace);
    const read = readStageTrace(file);
    expect(read.trace).toEqual(trace);
    expect(read.windowsNode).toBe(process.versions.node);
    expect(read.windows).not.toBe('');
  });

  test('the trace contains only the first calls', () => {
    let kept: number | undefined;
    withTrace({ isText: false, file: undefined, recordsFile: file }, 'x', () => {
      kept = trackFor('worker')?.mostCalls;
    });
    expect(kept).toBe(mostRecordedCalls);
    expect(readStageTrace(file).trace).toMatchObject({ records: [], callCount: 0 });
  });

  test('a trace that cannot be written does not change the verdict', () => {
    const recordsFile = join(directory, 'none', 'x.json');
    const flags = { isText: false, file: undefined, recordsFile };
    expect(withTrace(flags, 'x', () => 'the verdict')).toBe('the verdict');
  });

  test.each([['{"trace":'], ['{}'], ['null']])('a file with %s is rejected', (text) => {
    writeFileSync(file, text);
    expect(() => readStageTrace(file)).toThrowError();
  });
});
