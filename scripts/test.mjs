// npm test: sets everything up and runs the pipeline: build debug, test debug, build release, test
// release. It is what `pnpm turbo test` runs. Arguments that are not --no-install go to turbo.
import { main, pnpm, sayHowToGetPnpm, setup, takeInstallFlag } from './common.mjs';

await main(async () => {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  // Without Wine the tests that need Windows are skipped, each with the reason, and the packages
  // of which nothing else is left fail.
  const canRunWindowsNode = await setup(isInstallAllowed, { mayLackWine: true });
  // One wineserver for all test runs: each of them then starts in a fifth of the time.
  const { openSession } = await import('pipeline/winnode');
  const session = canRunWindowsNode ? await openSession() : { close: async () => {} };
  try {
    const flags = canRunWindowsNode ? [] : ['--continue=dependencies-successful'];
    return await pnpm(['exec', 'turbo', 'run', 'test', ...flags, ...rest]);
  } finally {
    await session.close();
    sayHowToGetPnpm();
  }
});
