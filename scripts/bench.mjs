// npm run bench, or pnpm bench: sets everything up, builds the release build and measures it.
// Arguments that are not --no-install go to the bench, which reads them; here only slips of the finger
// are caught, before a fresh clone is set up for minutes.
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
  // To compare two files no Wine is needed.
  await setup(isInstallAllowed, { mayLackWine: command === 'compare' });
  await buildAll();
  const bench = join(root, 'internal', 'bench', 'dist', 'release', 'main.js');
  return run(process.execPath, [bench, ...rest], { stdio: 'inherit' });
});
