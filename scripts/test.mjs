// npm test: sets everything up and runs the pipeline: build debug, test debug, build release, test
// release. It is what `pnpm turbo test` runs. Arguments that are not --no-install go to turbo.
import { main, pnpm, sayHowToGetPnpm, setup } from './setup.mjs';

await main(async () => {
  const args = process.argv.slice(2).filter((arg) => arg !== '--no-install');
  await setup(args.length === process.argv.length - 2);
  // One wineserver for all test runs: each of them then starts in a fifth of the time.
  const { openSession } = await import('pipeline/winnode');
  const session = await openSession();
  try {
    return pnpm(['exec', 'turbo', 'run', 'test', ...args]);
  } finally {
    await session.close();
    sayHowToGetPnpm();
  }
});
