// npm start: sets everything up, builds both builds and runs the ladder. Arguments that are not
// --no-install go to the ladder.
import { join } from 'node:path';
import { main, pnpm, root, run, SetupError, sayHowToGetPnpm, setup } from './setup.mjs';

await main(async () => {
  const args = process.argv.slice(2).filter((arg) => arg !== '--no-install');
  await setup(args.length === process.argv.length - 2);
  // --only: just these tasks. In the pipeline a release build waits for the debug tests.
  const builds = ['build:debug', 'build:release', '--only', '--output-logs=errors-only'];
  if (pnpm(['exec', 'turbo', 'run', ...builds]) !== 0) {
    throw new SetupError('The build failed: see above.');
  }
  const ladder = join(root, 'internal', 'poc-ladder', 'dist', 'release', 'main.js');
  const code = run(process.execPath, [ladder, ...args]);
  sayHowToGetPnpm();
  return code;
});
