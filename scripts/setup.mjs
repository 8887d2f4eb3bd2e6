// npm run setup: prepares a fresh clone and builds it. Runs no stages and no tests.
import { askHost, buildAll, main, SetupError, setup, takeInstallFlag } from './common.mjs';

const help = `npm run setup -- [flags]: installs missing packages and Wine, and builds both builds.

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
    throw new SetupError(`Unknown argument "${rest[0]}". Known: --no-install, --help.`, 2);
  }
  await setup(isInstallAllowed);
  await buildAll();
  await askHost();
  return 0;
});
