import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import { describeHost } from 'winnode';

/** The host on which figures were measured. Figures of different hosts must not be compared. */
export interface HostRow {
  readonly name: string;
  readonly cpu: string;
  readonly cores: number;
  /** For example `linux x64`, and the version of Wine. */
  readonly system: string;
  readonly wine: string | undefined;
  readonly windowsNode: string | undefined;
  readonly hostNode: string;
  /** The measured commit; with `+` if files have uncommitted changes. */
  readonly commit: string | undefined;
}

function git(...args: string[]): string | undefined {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('git', args, { encoding: 'utf8', stdio }).trim();
  } catch {
    return undefined;
  }
}

/** Describes this host for the results. */
export function hostRow(): HostRow {
  const facts = describeHost();
  const commit = git('rev-parse', '--short', 'HEAD');
  const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
  return {
    name: hostname(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    system: facts.system,
    wine: facts.wine,
    windowsNode: facts.windowsNode,
    hostNode: process.versions.node,
    commit: commit === undefined ? undefined : `${commit}${isChanged ? '+' : ''}`,
  };
}

/** The last core that this process may use; undefined if that is unknown. */
function lastCore(): number | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '';
    const last = list.split(/[,-]/).at(-1);
    return last === undefined || last === '' ? undefined : Number(last);
  } catch {
    return undefined;
  }
}

/**
 * Pins a process and its future children to one core.
 *
 * @returns whether that worked
 */
export function pin(pid: number, core: number): boolean {
  const { status } = spawnSync('taskset', ['-a', '-c', '-p', `${core}`, `${pid}`]);
  return status === 0;
}

/**
 * Pins this process to one core, and all processes that it starts from now on: generator, servers,
 * wineserver. Unpinned, the figures of one machine differ by a factor of five.
 *
 * @returns the core, or undefined if the host cannot pin
 */
export function pinEverything(): number | undefined {
  const core = lastCore();
  return core !== undefined && pin(process.pid, core) ? core : undefined;
}

/** The CPU time of a process in clock ticks of 10 ms; undefined without /proc. */
export function cpuTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return undefined;
  }
}

/** The resident memory of a process in bytes; undefined without /proc. */
export function residentBytes(pid: number): number | undefined {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return undefined;
  const found = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(file, 'utf8'))?.[1];
  return found === undefined ? undefined : Number(found) * 1_024;
}
