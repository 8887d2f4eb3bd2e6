import { isAbsolute, join } from 'node:path';
import { homeDirectory, pathIn } from './environment.js';

/**
 * Where winnode keeps prefixes, Windows Node and packages: `WINNODE_CACHE`, or `winnode` in the user's
 * cache directory.
 *
 * @throws {WinnodeError} `ERR_USAGE` for a variable that names no path.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const asked = pathIn(env, 'WINNODE_CACHE');
  if (asked !== undefined) return asked;
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG Base Directory Specification: a path that is not absolute is to be ignored.
  if (xdg && isAbsolute(xdg)) return join(xdg, 'winnode');
  const home = homeDirectory(env);
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches', 'winnode');
  return join(home, '.cache', 'winnode');
}

/** What is to be said of the environment where a value in it was ignored; empty: nothing. */
export function ignoredIn(env: NodeJS.ProcessEnv): string {
  const xdg = env['XDG_CACHE_HOME'];
  if (!xdg || isAbsolute(xdg) || env['WINNODE_CACHE'] || env['WINNODE_PREFIX']) return '';
  return `; XDG_CACHE_HOME is "${xdg}", which is not an absolute path, and is ignored`;
}
