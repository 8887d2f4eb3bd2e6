// npm run setup: brings a fresh clone to where everything can run, builds it, and runs nothing.
import { askHost, buildAll, main, SetupError, setup, takeInstallFlag } from './common.mjs';

const help = `npm run setup -- [flags]: installs what is needed and builds both builds.

  --no-install    install nothing with the system's package manager
  --help          this text
`;

await main(async () => {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  if (rest.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  if (rest.length > 0) {
    throw new SetupError(`setup takes --no-install and --help, not "${rest[0]}".`, 2);
  }
  await setup(isInstallAllowed);
  await buildAll();
  await askHost();
  return 0;
});
