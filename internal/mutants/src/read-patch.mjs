import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { patches } from './places.mjs';

/**
 * Parses a patch file: a head for readers and for this program, then a unified diff of packages.
 *
 *     Bug: its name
 *     Trap: the rule that the bug breaks
 *     What: the wrong behaviour
 *     Test: the test file that finds it
 *     Fails: the start of the message of the assertion that must fail
 */
export function readPatch(file) {
  const path = join(patches, file);
  const [head] = readFileSync(path, 'utf8').split(/^--- /m, 1);
  const fields = Object.fromEntries(
    [...head.matchAll(/^(Bug|Trap|What|Test|Fails): (.+)$/gm)].map(([, name, text]) => [
      name.toLowerCase(),
      text,
    ]),
  );
  for (const name of ['bug', 'trap', 'what', 'test', 'fails']) {
    if (fields[name] === undefined) throw new Error(`${file} has no line "${name}: …".`);
  }
  return { file, path, ...fields };
}
