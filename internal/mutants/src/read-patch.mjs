import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { patches } from './places.mjs';

/**
 * A patch: a head for people and for us, then a unified diff of packages of the repository.
 *
 *     Bug: its name
 *     Trap: what it stands for
 *     What: what is wrong then
 *     Test: the test file that finds it
 *     Fails: how the message of the assertion starts that must fail
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
