import { readdirSync, readFileSync } from 'node:fs';

/**
 * The start time of a process, in the system's own unit; undefined if there is no such process.
 * The kernel reuses pids: pid and start time together identify a process.
 */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // Field 22 of stat. The command name before it may contain spaces, but ends with the last
      // ')'.
      const fields = statFields(pid);
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return 'unknown';
  } catch {
    return undefined;
  }
}

/**
 * True if the main thread of a process has exited and other threads still run. Under Wine a crash
 * can leave a process in this state, and the process then waits for ever. Always false if the host
 * is not Linux.
 */
export function isHeadless(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return statFields(pid)[0] === 'Z' && readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
}

/** The fields of /proc/PID/stat from the third one on. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/**
 * True if this process is in the foreground of a terminal. The terminal then sends a Ctrl-C to
 * this process and to its children.
 */
export function isInForeground(): boolean {
  if (process.platform !== 'linux') return process.stdin.isTTY;
  const [, , processGroup, , , foregroundGroup] = statFields(process.pid);
  return processGroup === foregroundGroup;
}
