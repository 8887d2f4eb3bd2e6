// Builds each package only once in a run of `npm test --force`. The test runs of turbo contain the
// build tasks, too. A forced run would execute these again, although the build runs have just built
// the same sources.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const stamps = fileURLToPath(new URL('../../../node_modules/.cache/built', import.meta.url));

/**
 * The file with the name of the run that made the build with this hash; undefined outside of such a
 * run.
 */
function stampOf({ TEST_RUN: run, TURBO_HASH: hash }) {
  return run === undefined || hash === undefined ? undefined : { file: join(stamps, hash), run };
}

/** Whether the current run of `npm test` has made this task's build already. */
export function isBuilt(env = process.env) {
  const stamp = stampOf(env);
  if (stamp === undefined) return false;
  try {
    return readFileSync(stamp.file, 'utf8') === stamp.run;
  } catch {
    return false;
  }
}

/** Notes that this task's build was made. */
export function noteBuilt(env = process.env) {
  const stamp = stampOf(env);
  if (stamp === undefined) return;
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp.file, stamp.run);
}
