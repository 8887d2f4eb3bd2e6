// npm start: sets everything up, builds both builds and runs the ladder. Arguments that are not
// --no-install go to the ladder.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  main,
  pnpm,
  root,
  run,
  SetupError,
  sayHowToGetPnpm,
  setup,
  takeInstallFlag,
} from './common.mjs';

// The ladder reads its arguments itself and knows its stages. But on a fresh clone it is not built
// yet, and nobody should wait a minute to hear of a slip of the finger.
function refuseObviousSlips(args) {
  const options = {
    stage: { type: 'string', multiple: true },
    build: { type: 'string', multiple: true },
    external: { type: 'boolean' },
    port: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  };
  let port;
  try {
    port = parseArgs({ args, options }).values.port;
  } catch (error) {
    const known = ['no-install', ...Object.keys(options)].map((name) => `--${name}`).join(', ');
    const [said] = error.message.split(/\.?(?:\n|$)|\. /);
    throw new SetupError(`${said}. Known: ${known}.`, 2);
  }
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) <= 65_535)) {
    throw new SetupError(`--port wants a number from 0 to 65535, got "${port}".`, 2);
  }
}

await main(async () => {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  refuseObviousSlips(rest);
  await setup(isInstallAllowed);
  // --only: just these tasks. In the pipeline a release build waits for the debug tests.
  const builds = ['build:debug', 'build:release', '--only', '--output-logs=errors-only'];
  if ((await pnpm(['exec', 'turbo', 'run', ...builds])) !== 0) {
    throw new SetupError('The build failed: see above.');
  }
  const ladder = join(root, 'internal', 'poc-ladder', 'dist', 'release', 'main.js');
  const code = await run(process.execPath, [ladder, ...rest]);
  sayHowToGetPnpm();
  return code;
});
