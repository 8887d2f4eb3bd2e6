import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The user's history file; undefined: no history is kept. `NODE_REPL_HISTORY` has precedence, as
 * in Node: if it is empty, there is no history; a relative path is relative to the working
 * directory. Otherwise the file is in the user's cache directory. If HOME is not an absolute path,
 * there is no history.
 *
 * @param say is called with a line about a rejected value.
 */
export function historyFile(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  say: (line: string) => void = () => {},
): string | undefined {
  const chosen = env['NODE_REPL_HISTORY'];
  if (chosen !== undefined) {
    if (!chosen.startsWith('~')) return chosen.trim() === '' ? undefined : resolve(chosen);
    say(
      `NODE_REPL_HISTORY is "${chosen}", but the shell has not expanded the ~. No history is kept. Give the whole path.`,
    );
    return undefined;
  }
  const name = 'repl-history';
  if (platform === 'win32') {
    return join(resolve(env['LOCALAPPDATA'] || join(homedir(), 'AppData/Local')), 'tofu-nt', name);
  }
  const xdg = env['XDG_CACHE_HOME'] ?? '';
  // XDG Base Directory Specification: a relative path must be ignored.
  if (isAbsolute(xdg)) return join(xdg, 'tofu-nt', name);
  const home = env['HOME'] || homedir();
  return isAbsolute(home) ? join(home, '.cache', 'tofu-nt', name) : undefined;
}
