// npm run setup: brings a fresh clone to where everything can run, and runs nothing.
import { main, setup, takeInstallFlag } from './common.mjs';

await main(async () => {
  const { isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  await setup(isInstallAllowed);
  return 0;
});
