// pnpm repl, or npm run repl: prepares the clone, builds the packages that the prompt needs, and
// opens the prompt.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  buildQuietly,
  keepStdoutForPrograms,
  main,
  root,
  run,
  SetupError,
  setup,
  takeInstallFlag,
} from './common.mjs';

const help = `pnpm repl [flags]: a prompt in Windows Node, with the exports of ntdllx, tofu-sockets and afd-poller.

  --build NAME  the build of the packages: debug, the default, or release
  --no-install  install nothing with the system's package manager
  --help        this text

Without a terminal, lines come from standard input, results go to standard output, and NT calls
to standard error: echo 'STATUS_PENDING' | pnpm --silent repl
`;

function readFlags(args) {
  const options = { build: { type: 'string', default: 'debug' }, help: { type: 'boolean' } };
  let values;
  try {
    values = parseArgs({ args, options }).values;
  } catch (error) {
    const [said] = error.message.split(/\.?(?:\n|$)|\. /);
    throw new SetupError(`${said}. Known: --build, --no-install, --help.`, 2);
  }
  if (!['debug', 'release'].includes(values.build)) {
    throw new SetupError(`--build needs debug or release, got "${values.build}".`, 2);
  }
  return values;
}

await main(async () => {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  const { build, help: isHelp } = readFlags(rest);
  if (isHelp) {
    process.stdout.write(help);
    return 0;
  }
  keepStdoutForPrograms();
  await setup(isInstallAllowed);
  await buildQuietly('nt-repl', build);
  const prompt = join(root, 'internal', 'repl', 'dist', build, 'main.js');
  const conditions = build === 'debug' ? ['--conditions=debug'] : [];
  const args = [...conditions, prompt, '--build', build];
  return run(process.execPath, args, {
    stdio: 'inherit',
    cwd: process.cwd(),
    mayEndBySignal: true,
  });
});
