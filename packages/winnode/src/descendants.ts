import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Every program of a run carries this variable, and so do its children unless they are started
 * with another environment. Wine detaches children from their parent, so that no tree of
 * processes shows whose they are.
 */
export const markVariable = 'WINNODE_RUN';

/**
 * The value for the runs of one process, or for one of them. Files of this name are in `.winnode`
 * of the prefix. Pids are given out again; with its start time a pid is one process for good.
 */
export const markOf = (prefix: string, pid: number, start: string, run: number | string = '') =>
  join(prefix, '.winnode', `run-${pid}-${start}-${run}`);

/** Ends processes with SIGKILL, again and again until none is found. */
async function endAll(find: () => number[]): Promise<void> {
  if (process.platform !== 'linux') return;
  // One that is just starting another may get away the first time.
  for (let round = 0; round < 50; round += 1) {
    const found = find();
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone meanwhile.
      }
    }
    await sleep(20);
  }
}

/** The processes in whose environment this occurs, from the start of a variable on. */
function processesWith(text: string): number[] {
  const wanted = Buffer.from(`\0${text}`);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`);
        return Buffer.concat([wanted.subarray(0, 1), environment]).includes(wanted);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function isWine(pid: number): boolean {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('wine');
  } catch {
    return false;
  }
}

/**
 * Ends Wine's programs of a prefix whose wineserver is gone. A server that was killed does not take
 * them along: its services wait for ever for an answer.
 */
export async function endOrphans(prefix: string): Promise<void> {
  await endAll(() => processesWith(`WINEPREFIX=${prefix}\0`).filter(isWine));
}

/** Ends one run's program and its children. */
export async function endRun(mark: string): Promise<void> {
  await endAll(() => processesWith(`${markVariable}=${mark}\0`));
}

/**
 * Ends the desktop that Wine's debugger opened for a program of a run that crashed. It holds the
 * program's streams for as long as the wineserver lives, and so every reader of them.
 */
export async function endDesktop(mark: string): Promise<void> {
  const isDesktop = (pid: number) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('\\explorer.exe\0/desktop');
    } catch {
      return false;
    }
  };
  await endAll(() => processesWith(`${markVariable}=${mark}\0`).filter(isDesktop));
}

/** Ends what the runs of a process that is gone have left behind, and removes their files. */
export async function endRunsOf(prefix: string, pid: number, start: string): Promise<void> {
  const mark = markOf(prefix, pid, start);
  await endAll(() => processesWith(`${markVariable}=${mark}`));
  for (const name of readdirSync(dirname(mark))) {
    if (!name.startsWith(basename(mark))) continue;
    rmSync(join(dirname(mark), name), { recursive: true, force: true });
  }
}
