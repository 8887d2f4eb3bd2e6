import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isHeadless } from './process-start.js';

/**
 * Every program of a run has this variable in its environment. Its children inherit it, and
 * preload-children.cts adds it to an environment that the program sets. The process tree cannot be
 * used instead: Wine detaches children from their parent.
 */
export const markVariable = 'WINNODE_RUN';

/**
 * The value of the variable for one run. Without `run` it is the beginning of the values of all runs
 * of one process. It is also the name of the run's files in the prefix's `.winnode`. It contains the
 * start time, because the kernel reuses pids.
 */
export const markOf = (prefix: string, pid: number, start: string, run: number | string = '') =>
  join(prefix, '.winnode', `run-${pid}-${start}-${run}`);

/** Ends processes with SIGKILL, and repeats this until it finds no more. */
async function endAll(find: () => number[]): Promise<void> {
  if (process.platform !== 'linux') return;
  // The first round misses a process that another one is just starting.
  for (let round = 0; round < 50; round += 1) {
    const found = find();
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The process has exited meanwhile.
      }
    }
    await sleep(20);
  }
}

/**
 * The directory of a process in /proc; that of another of its threads if the main thread has exited,
 * because /proc/PID then shows neither the environment nor the program. When a wineserver is killed,
 * a winedevice.exe can be left like this: Wine ends the threads that it knows, but not the one that
 * libusb started.
 */
function directoryOf(pid: number): string {
  if (!isHeadless(pid)) return `/proc/${pid}`;
  const other = readdirSync(`/proc/${pid}/task`).find((thread) => Number(thread) !== pid);
  return `/proc/${pid}/task/${other ?? pid}`;
}

/**
 * True if a process of this host, not of a chroot or of a container, has a variable in its
 * environment that begins with this text. A chroot can have a prefix with the same path.
 */
function hasVariable(pid: number, text: string): boolean {
  try {
    const directory = directoryOf(pid);
    if (!`\0${readFileSync(`${directory}/environ`, 'latin1')}`.includes(`\0${text}`)) return false;
    const [its, ours] = [statSync(`${directory}/root`), statSync('/')];
    return its.dev === ours.dev && its.ino === ours.ino;
  } catch {
    return false;
  }
}

/** The processes whose environment has a variable that begins with this text. */
function processesWith(text: string): number[] {
  const encoded = Buffer.from(text).toString('latin1');
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map(Number)
    .filter((pid) => hasVariable(pid, encoded));
}

/** True if winnode or one of its programs started this process. */
export const isMarked = (pid: number): boolean => hasVariable(pid, `${markVariable}=`);

function isWine(pid: number): boolean {
  try {
    return basename(readlinkSync(`${directoryOf(pid)}/exe`)).startsWith('wine');
  } catch {
    return false;
  }
}

/**
 * Ends the Wine programs of a prefix whose wineserver is gone. When a wineserver is killed, its
 * programs continue, and its services wait for an answer for ever.
 */
export async function endOrphans(prefix: string): Promise<void> {
  await endAll(() => processesWith(`WINEPREFIX=${prefix}\0`).filter(isWine));
}

/** Wine's services, by the name of their program. */
const service =
  /^C:\\windows\\system32\\(services|winedevice|plugplay|svchost|rpcss|wineboot)\.exe\0/i;

/**
 * True for a wineserver and for Wine's services. If the wineserver was killed, Wine starts them
 * again with the next program. They then have the variable of that program's run, but they serve
 * all runs of the prefix. So only the last user ends them.
 */
function servesAll(pid: number): boolean {
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('wineserver')) return true;
    return service.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return false;
  }
}

/** Makes a function that finds the processes of runs, by the beginning of their variable. */
const runsWith = (mark: string) => () =>
  processesWith(`${markVariable}=${mark}`).filter((pid) => !servesAll(pid));

/** Ends the program of one run and its children. */
export async function endRun(mark: string): Promise<void> {
  await endAll(runsWith(`${mark}\0`));
}

/**
 * Ends the desktop process that Wine's debugger started after a program of this run crashed. That
 * process inherited the program's standard streams and keeps them open until the wineserver ends.
 * Until then a reader of these streams gets no end of file.
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

/** Ends the programs that the runs of an exited process left behind, and removes their files. */
export async function endRunsOf(prefix: string, pid: number, start: string): Promise<void> {
  const mark = markOf(prefix, pid, start);
  await endAll(runsWith(mark));
  for (const name of readdirSync(dirname(mark))) {
    if (!name.startsWith(basename(mark))) continue;
    rmSync(join(dirname(mark), name), { recursive: true, force: true });
  }
}
