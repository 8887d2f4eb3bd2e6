import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Makes TMPDIR valid for this process and its children: ignores a directory that does not exist,
 * as a batch job may leave it, and makes a relative path absolute.
 */
export function mendTemporaryDirectory(env = process.env) {
  const { TMPDIR } = env;
  if (!TMPDIR) return;
  if (isDirectory(TMPDIR)) {
    env.TMPDIR = resolve(TMPDIR);
    return;
  }
  process.stderr.write(
    `TMPDIR is "${TMPDIR}", but this directory does not exist. TMPDIR is ignored.\n`,
  );
  delete env.TMPDIR;
}

function isDirectory(path) {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
