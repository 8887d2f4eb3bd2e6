// Rules for the names of a stage, and all names that follow from its number and its name.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Bad input: it has one message, and nothing was changed. */
export class StageError extends Error {}

const longestName = 20;
/** Windows treats these names as devices, in every directory and with every extension. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)$/;
const numberForm = /^(0|[1-9]\d?)([a-z]?)$/;
const nameForm = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** The sort key of a stage: 1, 1u, 2. Takes the number and the letter as written. */
export const rank = (number, letter) => Number(number) * 1_000 + (letter.codePointAt(0) ?? 0);

/** Quotes a text on one line. */
const quote = (text) => JSON.stringify(text);

function requireForm(number, name) {
  if (!numberForm.test(number)) {
    throw new StageError(
      `The number is 0 to 99, a variant's with a letter: 9 or 9u. Got ${quote(number)}.`,
    );
  }
  if (!nameForm.test(name)) {
    throw new StageError(
      `The name is lower-case letters and digits, words joined by a hyphen: udp or udp-echo. Got ${quote(name)}.`,
    );
  }
  if (devices.test(name)) throw new StageError(`"${name}" is a device of Windows: another name.`);
  if (name.length > longestName) {
    throw new StageError(`The name has at most ${longestName} characters, got ${name.length}.`);
  }
}

function requireFree(root, number, { package: own, plan }) {
  const packages = readdirSync(join(root, 'packages'));
  const there = packages.filter((each) => each.startsWith(`poc-stage${number}-`));
  if (there.length > 0) {
    const isPackage = existsSync(join(root, 'packages', there[0], 'package.json'));
    const rest = isPackage ? 'Take another number.' : 'It is no package: left over? Remove it.';
    throw new StageError(
      `Stage ${number} is there: packages/${there.join(', packages/')}. ${rest}`,
    );
  }
  // A case-insensitive file system would overwrite this page.
  const page = readdirSync(join(root, 'kb')).find(
    (each) => each.toLowerCase() === `${plan}.md`.toLowerCase(),
  );
  if (page !== undefined) {
    throw new StageError(`kb/${page} is there, without packages/${own}: rename or remove it.`);
  }
}

/**
 * All names that the template uses.
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
    rung: `${number}-${name}`,
    package: `poc-stage${number}-${name}`,
    file: `stage${number}-${name}`,
    class: `Stage${number}${joined}`,
    constant: `stage${number}${joined}`,
    plan: `PLAN-STAGE${number}-${name}`.toUpperCase(),
  };
  requireFree(root, number, names);
  return names;
}
