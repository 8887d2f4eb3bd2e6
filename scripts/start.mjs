// npm start: prepares the clone, builds both builds and runs the ladder. The ladder gets all
// arguments except --no-install.
import { readFileSync } from 'node:fs';
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

const help = `npm start -- [flags]: prepares the clone and runs the stages. Each step prints a line.

  --stage NAME    only this stage, for example 1-iocp; may be given again
  --build NAME    only this build: debug or release
  --thorough      measure the figures of tofu's specifications, too: some minutes
  --external      wait for a client that you start yourself; needs --stage
  --port NUMBER   the port to listen on (default: a free one)
  --json          print one line of JSON per verdict, for programs. npm prints its own
                  lines, too, except with: npm start --silent -- --json
  --serve         run stage 2's echo server in this terminal, until Ctrl-C
  --address TEXT  where it listens (default: 'tcp|127.0.0.1|7099')
  --trace         print each NT call on standard error: arguments, status, packet
  --trace-file FILE  the same for Perfetto or chrome://tracing; wants --stage and --build
  --no-report     write no report/index.html
  --no-install    install nothing with the system's package manager
  --help          this text
`;

const ladder = join(root, 'internal', 'poc-ladder');

/** The names of the stages, which the ladder has as dependencies. */
function stageNames() {
  const { dependencies } = JSON.parse(readFileSync(join(ladder, 'package.json'), 'utf8'));
  const names = Object.keys(dependencies).filter((name) => name.startsWith('poc-stage'));
  return names.map((name) => name.slice('poc-stage'.length));
}

function requireKnown(flag, values = [], known) {
  const unknown = values.find((value) => !known.includes(value));
  if (unknown === undefined) return;
  throw new SetupError(`${flag} needs one of ${known.join(', ')}; got "${unknown}".`, 2);
}

// The ladder checks its arguments itself. But in a fresh clone it is not built yet, and a typing
// error should not be reported only after a minute.
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
  // npm silently keeps flags that do not follow a --. It also has settings of its own named json
  // and help, which a user may have set.
  const kept = Object.keys(options).find((name) => {
    const setting = name.replace(/^no-/, '').replaceAll('-', '_');
    return !['json', 'help'].includes(name) && process.env[`npm_config_${setting}`] !== undefined;
  });
  if (kept !== undefined && process.env.npm_lifecycle_event === 'start') {
    throw new SetupError(
      `npm kept --${kept} for itself. Write -- before it: npm start -- --${kept} …`,
      2,
    );
  }
  let values;
  try {
    values = parseArgs({ args, options }).values;
  } catch (error) {
    const known = ['no-install', ...Object.keys(options)].map((name) => `--${name}`).join(', ');
    const [said] = error.message.split(/\.?(?:\n|$)|\. /);
    throw new SetupError(`${said}. Known: ${known}.`, 2);
  }
  requireKnown('--stage', values.stage, stageNames());
  requireKnown('--build', values.build, ['debug', 'release']);
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
  const options = { stdio: 'inherit', mayEndBySignal: flags.serve === true };
  const code = await run(
    process.execPath,
    [join(ladder, 'dist', 'release', 'main.js'), ...rest],
    options,
  );
  sayHowToGetPnpm();
  return code;
});
