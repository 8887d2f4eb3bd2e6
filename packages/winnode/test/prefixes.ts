import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeHost, ensurePrefix, findWindowsNode, findWine, prefixPath } from 'winnode';

/**
 * Creates a directory for prefixes, with a space in its name. It contains the user's own Windows
 * Node, if there is one.
 */
export function makeCache(): string {
  const cache = mkdtempSync(join(tmpdir(), 'winnode cache '));
  shareNode(cache);
  return cache;
}

/** Links the user's own Windows Node into a cache, which is faster than fetching it. */
export function shareNode(cache: string): void {
  if (process.env['WINNODE_NODE'] || describeHost().kind !== 'wine') return;
  const { exe, version } = findWindowsNode();
  mkdirSync(join(cache, 'node'), { recursive: true });
  symlinkSync(dirname(dirname(dirname(dirname(exe)))), join(cache, 'node', version));
}

/** The prefixes in a cache, leftovers included. */
export function prefixesIn(cache: string): string[] {
  return readdirSync(cache).filter((name) => name !== 'node' && name !== 'locks');
}

/** The environment of a run that keeps its prefix in this cache. */
export function cacheEnvironment(cache: string): NodeJS.ProcessEnv {
  const { WINNODE_PREFIX: _chosen, ...env } = process.env;
  return { ...env, WINNODE_CACHE: cache };
}

/** The path of the prefix in a cache. */
export function prefixIn(cache: string): string {
  return prefixPath(findWine(), findWindowsNode(), { WINNODE_CACHE: cache });
}

/**
 * Copies the user's own prefix, which exists already, to a path. This is faster than creating one.
 */
export async function copyPrefix(to: string): Promise<void> {
  const [wine, node] = [findWine(), findWindowsNode()];
  const from = prefixPath(wine, node);
  await ensurePrefix(from, wine, node);
  mkdirSync(dirname(to), { recursive: true });
  // The sockets of the original's wineserver, its users and the programs' Temp files do not belong
  // in the copy. They appear and disappear while tar copies, so they are excluded rather than
  // removed later. tar exits with 1 if it saw such a change; the copied directory is complete
  // nevertheless.
  const script = `
    mkdir "$2" && cd "$1" && { tar -c --warning=no-file-changed --warning=no-file-removed \\
      --exclude=./wineserver --exclude='./.winnode/*' --exclude='[Tt]emp/*' . || [ $? -eq 1 ]
    } | tar -x -C "$2"`;
  const copied = spawnSync('bash', ['-o', 'pipefail', '-c', script, 'copy', from, to], {
    encoding: 'utf8',
  });
  if (copied.status !== 0) throw new Error(copied.stderr);
  copyFileSync(join(from, '.winnode', 'ready.json'), join(to, '.winnode', 'ready.json'));
  // The page-aligned copy of Windows Node, which is as large as the rest, is shared.
  const shared = join('.winnode', `node-${node.version}`);
  if (existsSync(join(from, shared))) symlinkSync(join(from, shared), join(to, shared));
}

/** All processes except zombies whose prefix is this directory or in it. */
export function processesOf(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readOr('', `/proc/${pid}/environ`).includes(`WINEPREFIX=${directory}`))
    .map(Number);
}

/** Those of these processes that are Windows Node. */
export function programsOf(directory: string): number[] {
  return processesOf(directory).filter((pid) =>
    readOr('', `/proc/${pid}/cmdline`).includes('node.exe'),
  );
}

/** The parent of a process. */
export function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readOr('', `/proc/${pid}/status`))?.[1]);
}

/** The wineserver of a prefix. */
export function serverOf(prefix: string): number | undefined {
  return processesOf(prefix).find((pid) =>
    readOr('', `/proc/${pid}/comm`).startsWith('wineserver'),
  );
}

function readOr(otherwise: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

/** The directory in /tmp that Debian's Wine made for the wineserver of a prefix. */
export function serverDirectory(prefix: string): string | undefined {
  const name = readOr('', join(prefix, 'wineserver'));
  return /^wine-[A-Za-z0-9]{6}$/.test(name) ? join('/tmp', name) : undefined;
}

/** Ends the programs that may still run in a cache, and removes the cache. */
export function removeCache(cache: string): void {
  for (const pid of processesOf(cache)) process.kill(pid, 'SIGKILL');
  for (const name of existsSync(cache) ? readdirSync(cache) : []) {
    const directory = serverDirectory(join(cache, name));
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
  rmSync(cache, { recursive: true, force: true });
}
