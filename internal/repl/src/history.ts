import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * The file of this user that keeps what was typed; undefined for none. `NODE_REPL_HISTORY` is asked
 * first, as Node does: empty, it means none; a relative path is of the working directory. Otherwise it is
 * in the user's cache directory, and nowhere where HOME is not an absolute path.
 *
 * @param say is handed a line about a value that is refused.
 */
export function historyFile(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  say: (line: string) => void = () => {},
): string | undefined {
  const chosen = env['NODE_REPL_HISTORY'];
  if (chosen !== undefined) {
    if (!chosen.startsWith('~')) return chosen.trim() === '' ? undefined : resolve(chosen);
    say(`NODE_REPL_HISTORY is "${chosen}": no shell has expanded the ~ in it. Nothing is kept.`);
    return undefined;
  }
  const name = 'repl-history';
  if (platform === 'win32') {
    return join(resolve(env['LOCALAPPDATA'] || join(homedir(), 'AppData/Local')), 'tofu-nt', name);
  }
  const xdg = env['XDG_CACHE_HOME'] ?? '';
  // The XDG Base Directory Specification: a path that is not absolute is to be ignored.
  if (isAbsolute(xdg)) return join(xdg, 'tofu-nt', name);
  const home = env['HOME'] || homedir();
  return isAbsolute(home) ? join(home, '.cache', 'tofu-nt', name) : undefined;
}
