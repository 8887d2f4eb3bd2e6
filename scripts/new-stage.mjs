// pnpm new-stage NUMBER NAME: makes the package of the next stage and adds it to the ladder.
import { parseArgs } from 'node:util';
import { makeStage, StageError } from '../internal/new-stage/src/make-stage.mjs';
import { main, pnpm, root, SetupError, withoutSeparator } from './common.mjs';

const help = `pnpm new-stage NUMBER NAME: for example pnpm new-stage 9 udp

  NUMBER   0 to 99, of no existing stage; a variant of a stage has a letter: 1u
  NAME     lower-case letters, digits and hyphens, at most 20 characters
  --help   this text

Makes packages/poc-stage9-udp and adds it to the ladder and the lock file. Its one test
fails until you have written the proof; its PLAN.md lists the remaining steps. If a step
of the command fails, the command restores every file.
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
      'pnpm install failed: see its output above. The command has restored every file, but not\n' +
        'node_modules. When the cause is removed, run pnpm install.',
    );
  }
  // The names decide where lines break and how imports are sorted.
  if ((await pnpm(['exec', 'biome', 'check', '--write', '--log-level=error', ...files])) !== 0) {
    throw new SetupError(
      'biome rejected the new files: see its output above. The command has restored every file,\n' +
        'but not node_modules. Run pnpm install.',
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
    // The disk is full, or a file cannot be written.
    if (error.syscall === undefined) throw error;
    throw new SetupError(
      `${error.message}\nThe command has restored every file that it had written.`,
    );
  }
  process.stdout.write(`
Made packages/${stage.package}, and added it to the ladder.
Its one test fails until you have written ${stage.class}.prove in src/${stage.file}.ts.
The lines marked //> in that file are a complete example. PLAN.md lists the remaining steps.

  pnpm turbo run build:debug --filter=${stage.package}
  pnpm --filter ${stage.package} test:debug
`);
  return 0;
});
