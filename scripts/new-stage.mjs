// pnpm new-stage NUMBER NAME: the package of the next stage, and its place in the repository.
import { parseArgs } from 'node:util';
import { makeStage, StageError } from '../internal/new-stage/src/make-stage.mjs';
import { main, pnpm, root, SetupError, withoutSeparator } from './common.mjs';

const help = `pnpm new-stage NUMBER NAME: for example pnpm new-stage 9 udp

  NUMBER   0 to 99 and not taken; a variant of a stage has a letter: 1u
  NAME     lower-case letters, digits and hyphens, at most 20 characters
  --help   this text

Makes packages/poc-stage9-udp with one test, which fails until the stage proves something,
and kb/PLAN-STAGE9-UDP.md, which says what is left to do. Enters the stage in the ladder,
the tables and the lock file. All of it, or nothing.
`;

function readArguments() {
  const usage = 'Usage: pnpm new-stage NUMBER NAME, for example pnpm new-stage 9 udp; or --help.';
  let parsed;
  try {
    const options = { help: { type: 'boolean' } };
    const args = withoutSeparator(process.argv.slice(2));
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new SetupError(`${error.message.split(/\.?(?:\n|$)|\. /)[0]}. ${usage}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const [number, name, extra] = positionals;
  if (extra !== undefined) throw new SetupError(`Unexpected argument '${extra}'. ${usage}`, 2);
  if (number === undefined)
    throw new SetupError(`The number and the name are missing. ${usage}`, 2);
  if (name === undefined) throw new SetupError(`The name is missing. ${usage}`, 2);
  return { number, name };
}

async function finish(files) {
  if ((await pnpm(['install', '--prefer-offline', '--no-frozen-lockfile'])) !== 0) {
    throw new SetupError(
      'pnpm install failed: see above. Every file is as it was before;\n' +
        'node_modules may not be: once the cause is gone, pnpm install.',
    );
  }
  // The names decide where lines break and how imports are sorted.
  if ((await pnpm(['exec', 'biome', 'check', '--write', '--log-level=error', ...files])) !== 0) {
    throw new SetupError(
      'biome refuses what was made: see above. Every file is as it was before; to put\n' +
        'node_modules back, too: pnpm install.',
    );
  }
}

await main(async () => {
  const given = readArguments();
  if (given === undefined) {
    process.stdout.write(help);
    return 0;
  }
  let stage;
  try {
    stage = await makeStage(root, given.number, given.name, finish);
  } catch (error) {
    if (error instanceof StageError) throw new SetupError(error.message, 2);
    // A disk that is full, a file that may not be written.
    if (error.syscall === undefined) throw error;
    throw new SetupError(`${error.message}\nWhat had been written was taken back.`);
  }
  process.stdout.write(`
packages/${stage.package} is there, and entered wherever the stages are listed.
Its one test fails until ${stage.class}.prove, in src/${stage.file}.ts, proves something:
the lines there that are marked //> are a proof to start from. The plan: kb/${stage.plan}.md

  pnpm turbo run build:debug --filter=${stage.package}
  pnpm --filter ${stage.package} test:debug
`);
  return 0;
});
