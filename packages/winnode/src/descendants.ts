import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Every program of a run carries this variable, and so do its children unless they are started
 * with another environment. Wine detaches children from their parent, so that no tree of
 * processes tells whose they are.
 */
export const markVariable = 'WINNODE_RUN';

/**
 * The value for the runs of one process, or for one of them. Files of this name are in `.winnode`
 * of the prefix. Pids are given out again; with its start time a pid is one process for good.
 */
export const markOf = (prefix: string, pid: number, start: string, run: number | string = '') =>
  join(prefix, '.winnode', `run-${pid}-${start}-${run}`);

/** Ends with SIGKILL the processes whose mark starts like this; waits until they are gone. */
async function endProcesses(mark: string): Promise<void> {
  if (process.platform !== 'linux') return;
  // One that is just starting another may get away the first time.
  for (let round = 0; round < 20; round += 1) {
    const found = processesWith(`${markVariable}=${mark}`);
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

function processesWith(variable: string): number[] {
  const wanted = Buffer.from(`\0${variable}`);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => {
      try {
        return Buffer.concat([Buffer.alloc(1), readFileSync(`/proc/${pid}/environ`)]).includes(
          wanted,
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Ends one run's program and its children. */
export async function endRun(mark: string): Promise<void> {
  await endProcesses(`${mark}\0`);
}

/** Ends what the runs of a process that is gone have left behind, and removes their files. */
export async function endRunsOf(prefix: string, pid: number, start: string): Promise<void> {
  const mark = markOf(prefix, pid, start);
  await endProcesses(mark);
  for (const name of readdirSync(dirname(mark))) {
    if (name.startsWith(basename(mark))) rmSync(join(dirname(mark), name), { force: true });
  }
}
