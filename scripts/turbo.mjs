// pnpm turbo ...: the pinned turbo. Only its task `test`, which is the whole pipeline, needs special
// what was asked of it: a task does not see the arguments of its turbo.
import { describeThisHost, main, run, SetupError, turboBinary } from './common.mjs';
import { filterIn, howToFilter, isForceIn, isTestRun } from './test-arguments.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env };
  if (isTestRun(args)) {
    if (filterIn(args)) throw new SetupError(howToFilter, 2);
    if (isForceIn(args)) env.TURBO_FORCE = '1';
    // The task's lines are the pipeline's own; its last line stands alone.
    if (!args.some((arg) => arg.startsWith('--log-prefix'))) args.push('--log-prefix=none');
  } else if (args.some((arg) => /^([^/]+#)?test:/.test(arg))) {
    // A result of another Wine or Node, from before an upgrade, is none of this host's.
    await describeThisHost();
  }
  return run(process.execPath, [turboBinary, ...args], {
    stdio: 'inherit',
    env,
    cwd: process.cwd(),
  });
});
