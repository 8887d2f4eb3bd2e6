import { ensurePrefix, prefixPath } from './prefix.js';
import { type InstallOptions, installWindowsNode, requireWineFor } from './windows-node.js';
import { installWindowsPackages } from './windows-packages.js';
import { findWine } from './wine.js';

/** Options of {@link install}. */
export interface InstallAllOptions extends InstallOptions {
  /** A directory of the project whose packages are installed; default: the working directory. */
  readonly cwd?: string;
}

/** The installed parts, each as a path. */
export interface Installed {
  /** The path of node.exe. */
  readonly windowsNode: string;
  /** Undefined if the project needs no Windows packages. */
  readonly packages: string | undefined;
  /** The directory of the Wine prefix; on Windows empty. */
  readonly prefix: string;
}

/**
 * Performs the preparation of a first run: fetches Windows Node and the Windows builds of the
 * project's packages, and creates the Wine prefix. Parts that are already installed are kept; a
 * second call needs no network. On Windows there is nothing to do.
 *
 * @throws {WinnodeError} `ERR_WINE_MISSING` without Wine. The fetched files are kept.
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
