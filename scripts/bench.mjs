// npm run bench, or pnpm bench: prepares the clone, builds the release build and measures it. The
// bench itself parses all arguments except --no-install. This script only detects unknown options,
// before the preparation of a fresh clone takes minutes.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildAll, main, root, run, SetupError, setup, takeInstallFlag } from './common.mjs';

const options = {
  quick: { type: 'boolean' },
  workload: { type: 'string', multiple: true },
  subject: { type: 'string', multiple: true },
  pairs: { type: 'string' },
  seconds: { type: 'string' },
  relay: { type: 'boolean' },
  generator: { type: 'string' },
  'no-pin': { type: 'boolean' },
  output: { type: 'string' },
  help: { type: 'boolean' },
};

await main(async () => {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  let command;
  try {
    [command] = parseArgs({ args: rest, options, allowPositionals: true }).positionals;
  } catch (error) {
    const known = ['no-install', ...Object.keys(options)].map((name) => `--${name}`).join(', ');
    const [said] = error.message.split(/\.?(?:\n|$)|\. /);
    throw new SetupError(`${said}. Known: ${known}.`, 2);
  }
  // A comparison of two files needs no Wine.
  await setup(isInstallAllowed, { mayLackWine: command === 'compare' });
  await buildAll();
  const bench = join(root, 'internal', 'bench', 'dist', 'release', 'main.js');
  return run(process.execPath, [bench, ...rest], { stdio: 'inherit' });
});
