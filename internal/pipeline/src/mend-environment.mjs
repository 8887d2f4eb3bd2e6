import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

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

/**
 * Makes XDG_CONFIG_HOME valid likewise, or HOME where it is not set: pnpm and turbo read their
 * configuration there. They accept that it does not exist, but fail if the path leads through a
 * file, as with /dev/null for a home directory.
 *
 * @param none a path that may be missing, for a configuration that is empty
 */
export function mendConfigDirectory(none, env = process.env) {
  const directory = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  if (!leadsThroughFile(join(directory, 'pnpm'))) return;
  process.stderr.write(`${directory} is not a directory. Configuration there is ignored.\n`);
  env.XDG_CONFIG_HOME = none;
}

function leadsThroughFile(path) {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return error.code === 'ENOTDIR';
  }
}

function isDirectory(path) {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
