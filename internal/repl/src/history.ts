import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The file of this user that keeps what was typed; undefined for none. `NODE_REPL_HISTORY` is asked
 * first, as Node does: empty, it means none. Otherwise it is in the user's cache directory.
 */
export function historyFile(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const chosen = env['NODE_REPL_HISTORY'];
  if (chosen !== undefined) return chosen.trim() === '' ? undefined : chosen;
  const name = 'repl-history';
  if (platform === 'win32') {
    return join(env['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), 'tofu-nt', name);
  }
  const xdg = env['XDG_CACHE_HOME'] ?? '';
  // The XDG Base Directory Specification: a path that is not absolute is to be ignored.
  return join(isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'tofu-nt', name);
}
