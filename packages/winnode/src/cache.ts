import { isAbsolute, join } from 'node:path';
import { homeDirectory, pathIn } from './environment.js';

/**
 * The directory in which winnode keeps prefixes, Windows Node and packages: `WINNODE_CACHE`, or
 * `winnode` in the user's cache directory.
 *
 * @throws {WinnodeError} `ERR_USAGE` if a variable does not name a path.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const asked = pathIn(env, 'WINNODE_CACHE');
  if (asked !== undefined) return asked;
  const xdg = env['XDG_CACHE_HOME'];
  // XDG Base Directory Specification: a relative path must be ignored.
  if (xdg && isAbsolute(xdg)) return join(xdg, 'winnode');
  const home = homeDirectory(env);
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches', 'winnode');
  return join(home, '.cache', 'winnode');
}

/** The end of a message, which names an ignored environment variable; empty if none was ignored. */
export function ignoredIn(env: NodeJS.ProcessEnv): string {
  const xdg = env['XDG_CACHE_HOME'];
  if (!xdg || isAbsolute(xdg) || env['WINNODE_CACHE'] || env['WINNODE_PREFIX']) return '';
  return `; XDG_CACHE_HOME is ignored, because "${xdg}" is not an absolute path`;
}
