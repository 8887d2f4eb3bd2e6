import { parseArgs } from 'node:util';

/** The text of `npm run siege -- --help`. */
export const usage = `npm run siege -- [flags]: runs the long tests, the random tests, and those that a real clock judges.

  --part NAME     only this part; may be given several times
  --long          ten times as much work, and ten times the limits
  --seed NUMBER   the seed of all random parts (default: a fresh one; where CI is set the
                  committed one, unless SIEGE_FRESH is set, too)
  --record        write the results to kb/FUZZ.md
  --list          print the parts and their limits, and run nothing
  --no-install    install nothing with the system's package manager
  --help          this text
`;

const options = {
  part: { type: 'string', multiple: true, default: [] },
  long: { type: 'boolean', default: false },
  seed: { type: 'string' },
  record: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/** Flags that npm consumes silently if they are not preceded by `--`. */
const keptByNpm = ['part', 'seed', 'long', 'record', 'list'];

/**
 * Parses the arguments.
 *
 * @returns the flags, or `{ error }`: one line of text.
 */
export function readFlags(args, names, environment = process.env) {
  const kept = keptByNpm.find((name) => environment[`npm_config_${name}`] !== undefined);
  if (kept !== undefined && environment.npm_lifecycle_event === 'siege') {
    return {
      error: `npm kept --${kept} for itself. Write -- before it: npm run siege -- --${kept} …`,
    };
  }
  let values;
  try {
    values = parseArgs({ args, options }).values;
  } catch (error) {
    const known = [...Object.keys(options), 'no-install'].map((name) => `--${name}`).join(', ');
    const [text] = error.message.split(/\.?(?:\n|$)|\. /);
    return { error: `${text}. Known: ${known}.` };
  }
  const unknown = values.part.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return { error: `Unknown part "${unknown}". Known: ${names.join(', ')}.` };
  }
  const { seed: text, ...flags } = values;
  if (text === undefined) return flags;
  const seed = Number(text);
  if (!/^-?\d+$/.test(text) || seed < -(2 ** 31) || seed >= 2 ** 31) {
    return { error: `--seed needs a whole number of 32 bits, got "${text}".` };
  }
  return { ...flags, seed };
}
