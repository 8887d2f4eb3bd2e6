// Rules for the names of a stage, and all names that follow from its number and its name.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Invalid input. The command prints only the message, and has changed nothing. */
export class StageError extends Error {}

const longestName = 20;
/** Windows treats these names as devices, in every directory and with every extension. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)$/;
const numberForm = /^(0|[1-9]\d?)([a-z]?)$/;
const nameForm = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Quotes a text on one line. */
const quote = (text) => JSON.stringify(text);

function requireForm(number, name) {
  if (!numberForm.test(number)) {
    throw new StageError(
      `The number must be 0 to 99, for a variant with a letter: 9 or 9u. Got ${quote(number)}.`,
    );
  }
  if (!nameForm.test(name)) {
    throw new StageError(
      `The name must consist of lower-case letters and digits, with hyphens between words: udp or udp-echo. Got ${quote(name)}.`,
    );
  }
  if (devices.test(name))
    throw new StageError(
      `The name "${name}" is reserved for a device of Windows. Choose another name.`,
    );
  if (name.length > longestName) {
    throw new StageError(
      `The name may have at most ${longestName} characters. Got ${name.length}.`,
    );
  }
}

function requireFree(root, number) {
  const packages = readdirSync(join(root, 'packages'));
  const taken = packages.filter((each) => each.startsWith(`poc-stage${number}-`));
  if (taken.length === 0) return;
  const isPackage = existsSync(join(root, 'packages', taken[0], 'package.json'));
  const rest = isPackage
    ? 'Choose another number.'
    : 'The directory has no package.json. If it is left over from a removed stage, remove it.';
  throw new StageError(
    `Stage ${number} exists already: packages/${taken.join(', packages/')}. ${rest}`,
  );
}

/**
 * Derives all names that the template uses.
 *
 * @throws {StageError} for names that cannot be a stage.
 */
export function stageNames(root, number, name) {
  requireForm(number, name);
  const capital = (word) => word[0].toUpperCase() + word.slice(1);
  const joined = name.split('-').map(capital).join('');
  const names = {
    number,
    name,
    stage: `${number}-${name}`,
    package: `poc-stage${number}-${name}`,
    file: `stage${number}-${name}`,
    class: `Stage${number}${joined}`,
    constant: `stage${number}${joined}`,
  };
  requireFree(root, number);
  return names;
}
