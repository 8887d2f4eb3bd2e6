import { ensurePrefix, prefixPath } from './prefix.js';
import { type InstallOptions, installWindowsNode, requireWineFor } from './windows-node.js';
import { installWindowsPackages } from './windows-packages.js';
import { findWine } from './wine.js';

/** Options of {@link install}. */
export interface InstallAllOptions extends InstallOptions {
  /** A directory of the project whose packages are wanted; default: the working directory. */
  readonly cwd?: string;
}

/** What is there now; each a path. */
export interface Installed {
  readonly windowsNode: string;
  /** Undefined where the project needs none. */
  readonly packages: string | undefined;
  readonly prefix: string;
}

/**
 * Does beforehand what a first run would do: fetches Windows Node and the Windows builds of the project's
 * packages, and makes the Wine prefix. What is there stays; a second call needs no network. On Windows
 * there is nothing to do.
 *
 * @throws {WinnodeError} Without Wine what is fetched stays, and `ERR_WINE_MISSING` is thrown.
 */
export async function install(options: InstallAllOptions = {}): Promise<Installed> {
  const { env = process.env, cwd } = options;
  if (process.platform === 'win32') {
    return { windowsNode: process.execPath, packages: undefined, prefix: '' };
  }
  const node = await installWindowsNode(options);
  const packages = await installWindowsPackages(cwd, options);
  const wine = findWine(env);
  requireWineFor(wine, env);
  const prefix = prefixPath(wine, node, env);
  await ensurePrefix(prefix, wine, node, options);
  return { windowsNode: node.exe, packages, prefix };
}
