// npm run setup: brings a fresh clone to where everything can run, builds it, and runs nothing.
import { buildAll, main, setup, takeInstallFlag } from './common.mjs';

await main(async () => {
  const { isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  await setup(isInstallAllowed);
  await buildAll();
  return 0;
});
