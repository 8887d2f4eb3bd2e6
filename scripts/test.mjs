// npm test: prepares the clone and runs the pipeline: build debug, test debug, build release, test
// release. Each step is a run of turbo, and starts only after the step before it has passed. `pnpm
// turbo test` runs this script, too.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import { beginGate, recordGate } from '../internal/release/src/gate.mjs';
import {
  askHost,
  main,
  root,
  SetupError,
  sayHowToGetPnpm,
  setup,
  takeInstallFlag,
  turbo,
  turboBinary,
} from './common.mjs';
import { filterIn, howToFilter, isForceIn, turboAbove } from './test-arguments.mjs';

const help = `npm test -- [flags]: builds and tests everything, debug before release.

  --force         ignore turbo's cached results, as TURBO_FORCE=1 does
  --no-install    install nothing with the system's package manager
  --help          this text

One package: pnpm --filter ntdllx test:debug
`;

/** The name of this run. Results with another name are from an earlier run. */
const runName = randomUUID();
/** The first signal that was to end this run; undefined without a signal. */
let endedBy;
/** All test tasks so far, for the summary at the end. */
const allTasks = [];

function readArguments() {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  const above = turboAbove();
  if (filterIn([...rest, ...above]) || process.env.npm_config_filter) {
    throw new SetupError(howToFilter, 2);
  }
  const unknown = rest.find((arg) => !['--force', '--help'].includes(arg));
  if (unknown !== undefined) {
    throw new SetupError(`Unknown option '${unknown}'. Known: --force, --no-install, --help.`, 2);
  }
  // npm keeps a --force without a -- before it for itself.
  const isKeptByNpm = process.env.npm_config_force === 'true';
  if (isForceIn([...rest, ...above]) || isKeptByNpm) process.env.TURBO_FORCE = '1';
  return { isInstallAllowed, isHelp: rest.includes('--help') };
}

async function build(...tasks) {
  process.env.TEST_RUN = runName;
  return await turbo(['run', ...tasks, '--concurrency=2']);
}

/** The plan of a run of turbo, with the current hash of each task. */
function plan(tasks) {
  const { TURBO_FORCE: _, ...env } = process.env;
  const dry = spawnSync(process.execPath, [turboBinary, 'run', ...tasks, '--dry=json'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...env, TURBO_TELEMETRY_DISABLED: '1' },
    maxBuffer: 2 ** 28,
  });
  if (dry.status !== 0) throw new SetupError(`turbo could not plan its run:\n${dry.stderr}`);
  return JSON.parse(dry.stdout);
}

/** Runs the test tasks of a build. @returns turbo's exit code */
async function test(...tasks) {
  const { isBuilt, runBatch, testTasks } = await import('@tofu-nt/pipeline/batch');
  const planned = plan(tasks);
  // Results are cached by the hash of the sources, so the tested builds must be made from these
  // sources.
  if (!isBuilt(planned)) {
    throw new SetupError(
      'The builds do not match the sources: a source was changed during the build, or turbo cannot write its cache. Run the command again.',
    );
  }
  const found = testTasks(planned, root);
  allTasks.push(...found);
  const { TURBO_FORCE } = process.env;
  const isForced = TURBO_FORCE !== undefined && !['', '0', 'false'].includes(TURBO_FORCE);
  const stale = isForced ? found : found.filter(({ isCached }) => !isCached);
  const isComplete = await runBatch(stale, root, runName);
  // After a signal, turbo would run the interrupted tests again.
  if (endedBy !== undefined) {
    throw new SetupError(`Interrupted by ${endedBy}.`, 128 + constants.signals[endedBy]);
  }
  // Tasks that only read their results can run in parallel.
  const concurrency = `--concurrency=${isComplete ? 2 : 1}`;
  // Otherwise the first failed task would end the run, and the results of the others would not be
  // cached.
  return await turbo(['run', ...tasks, '--continue=dependencies-successful', concurrency]);
}

await main(async () => {
  const { isInstallAllowed, isHelp } = readArguments();
  if (isHelp) {
    process.stdout.write(help);
    return 0;
  }
  // A release requires that this run passed on the released commit.
  const tree = beginGate(root);
  // Without Wine the tests that need Windows are skipped with the reason. A package without other
  // tests fails.
  const canRunWindowsNode = await setup(isInstallAllowed, { mayLackWine: true });
  // All test runs share one wineserver. So each starts in a fifth of the time.
  const { openSession } = await import('@tofu-nt/pipeline/winnode');
  const session = canRunWindowsNode ? await openSession() : { close: async () => {} };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      endedBy ??= signal;
    });
  }
  let code;
  let host;
  try {
    code = await build('build:debug', 'check');
    if (code === 0) {
      host = await askHost();
      code = await test('test:debug', 'tidy');
    }
    if (code === 0) code = await build('build:release', 'typecheck');
    if (code === 0) code = await test('test:release');
  } finally {
    await session.close();
  }
  sayHowToGetPnpm();
  const { summary } = await import('@tofu-nt/pipeline/summary');
  for (const line of summary(allTasks, host)) process.stdout.write(`${line}\n`);
  recordGate(root, tree, code === 0);
  return code;
});
