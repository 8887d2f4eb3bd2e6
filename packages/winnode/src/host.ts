import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { release } from 'node:os';
import { WinnodeError } from './errors.js';
import { findWindowsNode } from './windows-node.js';
import { findWine } from './wine.js';

/** The facts that determine how Windows Node runs on a host. */
export interface HostFacts {
  /** `windows`: natively. `wine`: under Wine. `none`: not at all, see `reason`. */
  readonly kind: 'windows' | 'wine' | 'none';
  /** Why Windows Node cannot run here; empty when it can. */
  readonly reason: string;
  /** Operating system, processor and, on Windows, its build. */
  readonly system: string;
  /** The version string that Wine prints; empty on Windows. */
  readonly wine: string;
  /** The version of the Windows Node; empty if it is not available. */
  readonly windowsNode: string;
  /** The version of the Node that runs this. */
  readonly hostNode: string;
}

/** Describes this host. Never throws: a host that cannot run Windows Node is described, too. */
export function describeHost(env: NodeJS.ProcessEnv = process.env): HostFacts {
  const hostNode = process.versions.node;
  const windows = process.platform === 'win32';
  const system = `${process.platform} ${process.arch}${windows ? ` ${release()}` : ''}`;
  if (windows) {
    return { kind: 'windows', reason: '', system, wine: '', windowsNode: hostNode, hostNode };
  }
  try {
    const wine = findWine(env).version;
    const windowsNode = findWindowsNode(env).version;
    return { kind: 'wine', reason: '', system, wine, windowsNode, hostNode };
  } catch (error) {
    if (!(error instanceof WinnodeError)) throw error;
    const reason = `${error.message} ${error.hint}`;
    return { kind: 'none', reason, system, wine: '', windowsNode: '', hostNode };
  }
}

/** winnode's own version. */
export function winnodeVersion(): string {
  const manifest = createRequire(import.meta.url).resolve('winnode/package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
