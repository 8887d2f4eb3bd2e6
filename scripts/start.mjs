// npm start: sets everything up, builds both builds and runs the ladder. Arguments that are not
// --no-install go to the ladder.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  buildAll,
  keepStdoutForPrograms,
  main,
  root,
  run,
  SetupError,
  sayHowToGetPnpm,
  setup,
  takeInstallFlag,
} from './common.mjs';

const help = `npm start -- [flags]: sets everything up and runs the stages, each step a line.

  --stage NAME    only this stage, for example 1-iocp; may be given again
  --build NAME    only this build: debug or release
  --thorough      take the figures of tofu's specifications, too: some minutes
  --external      let a client of yours prove the accept; wants --stage
  --port NUMBER   the port to listen on (default: a free one)
  --json          standard output is one line of JSON per verdict, for programs; npm writes its own
                  lines there unless silenced: npm start --silent -- --json
  --serve         run stage 2's echo server in this terminal, until Ctrl-C
  --address TEXT  where it listens (default: 'tcp|127.0.0.1|7099')
  --trace         each NT call a line on standard error: arguments, status, its packet
  --trace-file FILE  the same for Perfetto or chrome://tracing; wants --stage and --build
  --no-report     write no report/index.html
  --no-install    install nothing with the system's package manager
  --help          this text
`;

// The ladder reads its arguments itself and knows its stages. But on a fresh clone it is not built
// yet, and a typing error should not take a minute to be reported.
function readFlags(args) {
  const options = {
    stage: { type: 'string', multiple: true },
    build: { type: 'string', multiple: true },
    thorough: { type: 'boolean' },
    external: { type: 'boolean' },
    port: { type: 'string' },
    json: { type: 'boolean' },
    serve: { type: 'boolean' },
    address: { type: 'string' },
    trace: { type: 'boolean' },
    'trace-file': { type: 'string' },
    'no-report': { type: 'boolean' },
    help: { type: 'boolean' },
  };
  // npm keeps flags that are not behind a -- of their own for itself, and says nothing. Of json and
  // help it has some of its own, which may be in anybody's settings.
  const kept = Object.keys(options).find((name) => {
    const setting = name.replace(/^no-/, '').replaceAll('-', '_');
    return !['json', 'help'].includes(name) && process.env[`npm_config_${setting}`] !== undefined;
  });
  if (kept !== undefined && process.env.npm_lifecycle_event === 'start') {
    throw new SetupError(`npm took --${kept} for its own: npm start -- --${kept} …`, 2);
  }
  let values;
  try {
    values = parseArgs({ args, options }).values;
  } catch (error) {
    const known = ['no-install', ...Object.keys(options)].map((name) => `--${name}`).join(', ');
    const [said] = error.message.split(/\.?(?:\n|$)|\. /);
    throw new SetupError(`${said}. Known: ${known}.`, 2);
  }
  const { port } = values;
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) <= 65_535)) {
    throw new SetupError(`--port needs a number from 0 to 65535, got "${port}".`, 2);
  }
  return values;
}

await main(async () => {
  const { rest, isInstallAllowed } = takeInstallFlag(process.argv.slice(2));
  const flags = readFlags(rest);
  if (flags.help) {
    process.stdout.write(help);
    return 0;
  }
  if (flags.json) keepStdoutForPrograms();
  await setup(isInstallAllowed);
  await buildAll();
  const ladder = join(root, 'internal', 'poc-ladder', 'dist', 'release', 'main.js');
  const options = { stdio: 'inherit', mayEndBySignal: flags.serve === true };
  const code = await run(process.execPath, [ladder, ...rest], options);
  sayHowToGetPnpm();
  return code;
});
