import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Every process of a part has this variable in its environment. The process tree is not
 * sufficient: Wine detaches its processes from their parent, and a test may do the same.
 */
export const markVariable = 'SIEGE_RUN';

/** The time that a part has to remove its temporary files and to close its session. */
const graceMs = 3_000;

/** Ends a part's process and all its descendants. */
export async function endTree(child, mark) {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/T', '/F', '/PID', String(child.pid)], { stdio: 'ignore' });
    return;
  }
  send(-child.pid, 'SIGTERM');
  const endMs = performance.now() + graceMs;
  while (performance.now() < endMs && remaining(child, mark).length > 0) await sleep(50);
  // A process may start another process while this loop runs. So the search is repeated.
  for (let round = 0; round < 50; round += 1) {
    send(-child.pid, 'SIGKILL');
    const found = remaining(child, mark);
    if (found.length === 0) return;
    for (const pid of found) send(pid, 'SIGKILL');
    await sleep(20);
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has ended meanwhile.
  }
}

/** The remaining processes of a part, if this host can list them. */
function remaining(child, mark) {
  if (process.platform === 'linux') return processesWith(`${markVariable}=${mark}\0`);
  return child.exitCode === null && child.signalCode === null ? [child.pid] : [];
}

function processesWith(text) {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => hasVariable(pid, text) && !isWineserver(pid)).map(Number);
}

function hasVariable(pid, text) {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(`\0${text}`);
  } catch {
    return false;
  }
}

/**
 * A wineserver is not killed: it ends with its last program, and may also serve programs of other
 * users.
 */
function isWineserver(pid) {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('wineserver');
  } catch {
    return false;
  }
}
