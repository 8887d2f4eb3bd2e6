// npm test: sets everything up and runs the pipeline: build debug, test debug, build release, test
// release, each a run of turbo of its own that must pass before the next. `pnpm turbo test` comes
// here, too.
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

  --force         run also what turbo has results of; so does TURBO_FORCE=1
  --no-install    install nothing with the system's package manager
  --help          this text

One package: pnpm --filter ntdllx test:debug
`;

/** Names this run: results with another name are of an earlier one. */
const runName = randomUUID();
/** The signal that is to end this run, once there was one. */
let endedBy;
/** All runs of tests so far, for what is said at the end. */
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
  // npm takes a --force that is not behind a -- for its own.
  const isKeptByNpm = process.env.npm_config_force === 'true';
  if (isForceIn([...rest, ...above]) || isKeptByNpm) process.env.TURBO_FORCE = '1';
  return { isInstallAllowed, isHelp: rest.includes('--help') };
}

async function build(...tasks) {
  process.env.TEST_RUN = runName;
  return await turbo(['run', ...tasks, '--concurrency=2']);
}

/** What turbo would do, with the hash of each task, as it is now. */
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
  // A result is kept under the hash of the sources, so what is tested has to be built of these.
  if (!isBuilt(planned)) {
    throw new SetupError(
      'A source was changed while it was built, or turbo keeps no results here. Run it again.',
    );
  }
  const found = testTasks(planned, root);
  allTasks.push(...found);
  const { TURBO_FORCE } = process.env;
  const isForced = TURBO_FORCE !== undefined && !['', '0', 'false'].includes(TURBO_FORCE);
  const stale = isForced ? found : found.filter(({ isCached }) => !isCached);
  const isComplete = await runBatch(stale, root, runName);
  // What a signal ended, turbo would run again.
  if (endedBy !== undefined) {
    throw new SetupError(`Ended by ${endedBy}.`, 128 + constants.signals[endedBy]);
  }
  // Tasks that only read their results need not wait for each other.
  const concurrency = `--concurrency=${isComplete ? 2 : 1}`;
  // One that fails keeps the results of the others from being kept for the next run, otherwise.
  return await turbo(['run', ...tasks, '--continue=dependencies-successful', concurrency]);
}

await main(async () => {
  const { isInstallAllowed, isHelp } = readArguments();
  if (isHelp) {
    process.stdout.write(help);
    return 0;
  }
  // A release needs this run on the very commit that it is made of.
  const tree = beginGate(root);
  // Without Wine the tests that need Windows are skipped, each with the reason, and the packages
  // of which nothing else is left fail.
  const canRunWindowsNode = await setup(isInstallAllowed, { mayLackWine: true });
  // One wineserver for all test runs: each of them then starts in a fifth of the time.
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
