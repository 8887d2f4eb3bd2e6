import { readdirSync, readFileSync } from 'node:fs';

/**
 * When a process started, in a unit of the system's own; undefined when there is no such process.
 * Together with the pid it names one process for good: pids are given out again.
 */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // Field 22 of stat; the command name before it may hold spaces, but ends with the last ')'.
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
 * True when the main thread of a process is gone, though other threads keep it from ending. Under
 * Wine a crash can end so: what is left waits for ever. (Linux; elsewhere false.)
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
 * True when this process is in the foreground of a terminal: a Ctrl-C there then goes to it and to
 * its children alike.
 */
export function isInForeground(): boolean {
  if (process.platform !== 'linux') return process.stdin.isTTY;
  const [, , processGroup, , , foregroundGroup] = statFields(process.pid);
  return processGroup === foregroundGroup;
}
