import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Ignores a TMPDIR that is gone, as a batch job's may be, and makes a relative one whole: for this
 * process and those that it starts.
 */
export function mendTemporaryDirectory(env = process.env) {
  const { TMPDIR } = env;
  if (!TMPDIR) return;
  if (isDirectory(TMPDIR)) {
    env.TMPDIR = resolve(TMPDIR);
    return;
  }
  process.stderr.write(`TMPDIR is "${TMPDIR}", which is not there: it is ignored.\n`);
  delete env.TMPDIR;
}

function isDirectory(path) {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
