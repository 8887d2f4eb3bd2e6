// npm run docs: builds the site of the documentation. Its dependencies have a lock file of their
// own, so that the other commands do not install them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages, main, pnpm, root, run, SetupError, withoutSeparator } from './common.mjs';

const help = `npm run docs -- [flags]: builds the documentation into docs/.vitepress/dist.

  --test          tests the built pages in Chromium instead: errors, search, dark theme, narrow screen
  --screenshots   with --test: also saves pictures of nine pages in docs/.screenshots
  --serve         serves the built site on this machine, until Ctrl-C
  --help          this text
`;

const docs = join(root, 'docs');

/** Installs the packages of the site, if its lock file has changed since the last installation. */
async function installSite() {
  const lock = readFileSync(join(docs, 'pnpm-lock.yaml'), 'utf8');
  const stamp = join(docs, 'node_modules', '.setup');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const install = ['--dir', 'docs', 'install', '--frozen-lockfile', '--prefer-offline'];
  if ((await pnpm(install)) !== 0) {
    throw new SetupError('pnpm could not install the packages of the site: see its output above.');
  }
  writeFileSync(stamp, lock);
}

await main(async () => {
  const args = withoutSeparator(process.argv.slice(2));
  const flags = ['--test', '--screenshots', '--serve', '--help'];
  const unknown = args.find((arg) => !flags.includes(arg));
  if (unknown !== undefined)
    throw new SetupError(`Unknown option "${unknown}". Known: ${flags.join(', ')}.`, 2);
  if (args.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  await installPackages();
  await installSite();
  const script = args.includes('--test') ? 'test' : args.includes('--serve') ? 'serve' : 'build';
  const rest = args.filter((arg) => arg === '--screenshots');
  return await run(process.execPath, [join(docs, 'scripts', `${script}.mjs`), ...rest]);
});
