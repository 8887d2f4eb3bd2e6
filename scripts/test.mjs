// npm test: sets everything up and runs the pipeline: build debug, test debug, build release, test
// release. It is what `pnpm turbo test` runs. Arguments that are not --no-install go to turbo.
import { main, pnpm, sayHowToGetPnpm, setup, takeInstallFlag } from './setup.mjs';

await main(async () => {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  await setup(isInstallAllowed);
  // One wineserver for all test runs: each of them then starts in a fifth of the time.
  const { openSession } = await import('pipeline/winnode');
  const session = await openSession();
  try {
    return await pnpm(['exec', 'turbo', 'run', 'test', ...rest]);
  } finally {
    await session.close();
    sayHowToGetPnpm();
  }
});
