import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@tofu-nt/pipeline/copy-repository';
import { describeHost } from '@tofu-nt/pipeline/winnode';
import { hostProfile } from 'test-kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Rehearsal, rehearse, type Streams } from './windows/rehearsal.js';

// Rehearses the first run on Windows: runs the commands that a Windows user types, in a Windows
// Node. That Node behaves as on Windows: it starts its children itself and does not use winnode.
// Its standard streams are pipes or files, never a console.

const isWindows = process.platform === 'win32';
const why = isWindows
  ? 'this is Windows: npm start and npm test run there without a rehearsal'
  : describeHost().reason;

const stages = readdirSync(join(root, 'packages')).filter((name) => /^poc-stage/.test(name));
const own = 'packages/poc-stage99-rehearsal';
const runTests = 'internal/pipeline/bin/run-tests.mjs';

/**
 * Every program runs with both kinds of streams. The long ones run whole with one kind, and in part
 * (`other…`) with the other kind.
 */
const long = [
  {
    streams: 'files',
    build: 'debug',
    otherBuild: 'release',
    tested: 'tofu-sockets',
    otherTested: ['ntdllx', 'calls.win'],
  },
  {
    streams: 'pipes',
    build: 'release',
    otherBuild: 'debug',
    tested: 'ntdllx',
    otherTested: ['tofu-sockets', 'transfer.win'],
  },
] as const;

describe.skipIf(why !== '')(`the first run on Windows ${why}`, () => {
  let windows: Rehearsal;
  beforeAll(async () => {
    windows = await rehearse();
  });
  afterAll(async () => await windows?.close());

  /** Runs a command; if it fails, the error contains all its output. */
  async function node(streams: Streams, directory: string, script: string, ...args: string[]) {
    const up = directory === '.' ? '' : '../'.repeat(directory.split('/').length);
    const { exitCode, said } = await windows.node(streams, directory, `${up}${script}`, ...args);
    expect(exitCode, said).toBe(0);
    return said;
  }

  test('npm run new-stage, started through cmd.exe', async () => {
    const newStage = ['run', 'new-stage', '--'] as const;
    const help = await windows.npm('files', ...newStage, '--help');
    expect(help.exitCode, help.said).toBe(0);
    expect(help.said).toContain('pnpm new-stage NUMBER NAME');
    const { exitCode, said } = await windows.npm('pipes', ...newStage, '99', 'rehearsal');
    expect(exitCode, said).toBe(0);
    expect(said).toContain('Made packages/poc-stage99-rehearsal');
    expect(windows.asked[0]).toBe('install --prefer-offline --no-frozen-lockfile');
    expect(windows.asked[1]).toMatch(
      /^exec biome check --write .* packages\/poc-stage99-rehearsal/,
    );
  });

  test('the facts of the host are those of Windows', async () => {
    const source = `import('@tofu-nt/pipeline/host-facts').then((facts) => facts.writeHostFacts())`;
    const { exitCode, said } = await windows.node('pipes', 'internal/siege', '-e', source);
    expect(exitCode, said).toBe(0);
    const facts = JSON.parse(readFileSync(join(windows.place, '.host-facts.json'), 'utf8'));
    expect(facts).toMatchObject({ kind: 'windows', reason: '', wine: '' });
    expect(facts.system).toMatch(/^win32 x64 10\./);
  });

  test('the generated stage is built and proven', async () => {
    const stage = join(windows.place, own, 'src/stage99-rehearsal.ts');
    const filledIn = readFileSync(stage, 'utf8')
      .replace(/^ *\/\/ >>> not yet\n.*?^ *\/\/ <<< not yet\n/gms, '')
      .replace(/\/\/> ?/g, '');
    writeFileSync(stage, filledIn);
    await node('pipes', own, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
    await node('pipes', own, 'internal/pipeline/bin/build-release.mjs');
    for (const { streams, build } of long) {
      const said = await node(streams, own, runTests, build);
      expect(said).toContain(`poc-stage99-rehearsal ${build}: 1 passed, 0 failed`);
    }
  });

  /** Runs the ladder; each printed row must have the outcome that this kernel permits. */
  async function ladder(streams: Streams, ...args: string[]) {
    const said = await node(streams, '.', 'internal/poc-ladder/dist/release/main.js', ...args);
    const rows = [...said.matchAll(/^(\S+) +(debug|release) +(proven|unsupported) /gm)];
    const overUnix = hostProfile().afUnix.isPresent ? 'proven' : 'unsupported';
    for (const [, stage = '', , verdict] of rows) {
      expect(verdict, stage).toBe(/^\du/.test(stage) ? overUnix : 'proven');
    }
    return rows.map(([, stage, build]) => `${stage} ${build}`);
  }

  // The following tests overlap: the tests of the packages need CPU time, while the findings and
  // winnode's time limit mostly wait.
  describe.concurrent.each(long.map((each) => [each.streams, each] as const))(
    'the ladder and tests, with %s',
    (streams, { build, otherBuild, tested, otherTested }) => {
      // The generated stage is one more.
      test.sequential(`the whole ladder, ${build}`, async () => {
        const report = streams === 'pipes' ? [] : ['--no-report'];
        expect(await ladder(streams, '--build', build, ...report)).toHaveLength(stages.length + 1);
        if (streams === 'pipes')
          expect(existsSync(join(windows.place, 'report/index.html'))).toBe(true);
      });

      test.sequential(`a stage of the ladder, ${otherBuild}`, async () => {
        const stage = ['--stage', '1-iocp', '--build', otherBuild, '--no-report'];
        expect(await ladder(streams, ...stage)).toEqual([`1-iocp ${otherBuild}`]);
      });

      test.sequential(`the tests of ${tested}`, async () => {
        const said = await node(streams, `packages/${tested}`, runTests, 'release');
        expect(said).toMatch(new RegExp(`\\n${tested} release: \\d{2,} passed, 0 failed`));
      });

      test.sequential(`some tests of ${otherTested[0]}`, async () => {
        const [name, file] = otherTested;
        const said = await node(streams, `packages/${name}`, runTests, 'release', file);
        expect(said).toMatch(new RegExp(`\\n${name} release: \\d{2,} passed, 0 failed`));
      });
    },
  );

  describe.concurrent('the other programs', () => {
    describe.each(['pipes', 'files'] as const)('with %s', (streams) => {
      test.sequential('winnode: exit codes, and the time limit', async () => {
        const winnode = 'packages/winnode/bin/winnode.mjs';
        expect(await node(streams, '.', winnode, '-p', 'process.platform')).toBe('win32\n');
        const ended = await windows.node(streams, '.', winnode, '-e', 'process.exit(7)');
        expect(ended).toEqual({ exitCode: 7, said: '' });
        const hangs = ['--time-limit', '1', '-e', 'setInterval(() => {}, 1000)'];
        const { exitCode } = await windows.node(streams, '.', winnode, ...hangs);
        expect(exitCode).toBe(124);
      });

      test.sequential('doctor', async () => {
        const said = await node(streams, '.', 'packages/winnode/bin/winnode.mjs', 'doctor');
        expect(said).toMatch(/^ok +host +.*win32 /m);
        expect(said).toMatch(/^ok +AFD /m);
      });

      test.sequential('the findings', async () => {
        const ids = streams === 'pipes' ? [] : ['F06', 'F14'];
        const probe = ['packages/nt-findings/bin/nt-findings.mjs', 'probe', ...ids] as const;
        const said = await node(streams, '.', ...probe);
        expect(said).toMatch(/^(\d+) of \1 findings hold\./m);
      });

      test.sequential('the prompt', async () => {
        const prompt = 'internal/repl/dist/release/main.js';
        const lines = '1+1\nSTATUS_PENDING\n';
        const { exitCode, said } = await windows.type(lines, streams, prompt, '--build', 'release');
        expect(said).toBe('2\nSTATUS_PENDING (0x103)\n');
        expect(exitCode).toBe(0);
      });

      test.sequential('bench --help', async () => {
        const said = await node(streams, '.', 'internal/bench/dist/release/main.js', '--help');
        expect(said).toContain('--output FILE');
      });
    });
  });
});
