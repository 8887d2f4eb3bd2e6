// pnpm turbo ...: runs the pinned turbo. Its task `test` is the whole pipeline and needs the
// arguments of turbo, which a task does not see. So this script runs the pipeline itself.
import { describeThisHost, main, run, SetupError, turboBinary } from './common.mjs';
import { filterIn, howToFilter, isForceIn, isTestRun } from './test-arguments.mjs';

await main(async () => {
  const args = process.argv.slice(2);
  const env = { TURBO_TELEMETRY_DISABLED: '1', ...process.env };
  if (isTestRun(args)) {
    if (filterIn(args)) throw new SetupError(howToFilter, 2);
    if (isForceIn(args)) env.TURBO_FORCE = '1';
    // Prints the lines of the pipeline without turbo's prefix.
    if (!args.some((arg) => arg.startsWith('--log-prefix'))) args.push('--log-prefix=none');
  } else if (args.some((arg) => /^([^/]+#)?test:/.test(arg))) {
    // Cached results of another version of Wine or Node must not be used.
    await describeThisHost();
  }
  return run(process.execPath, [turboBinary, ...args], {
    stdio: 'inherit',
    env,
    cwd: process.cwd(),
  });
});
