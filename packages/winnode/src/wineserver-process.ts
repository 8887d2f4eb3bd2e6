import {
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { runCommand } from './command.js';
import { endOrphans } from './descendants.js';
import { wineEnvironment } from './environment.js';
import { WinnodeError } from './errors.js';
import { processStart } from './process-start.js';
import type { Wine } from './wine.js';

/**
 * Time limit of commands such as `wineserver -k`. They need no answer of the wineserver, and kill
 * it if it does not end.
 */
const commandLimitMs = 5_000;

function askServer(prefix: string, wine: Wine, option: string) {
  const env = wineEnvironment(prefix);
  return runCommand(wine.server, [option], { env, limitMs: commandLimitMs });
}

/**
 * True if a wineserver runs for this prefix, even if it does not answer.
 *
 * @throws {WinnodeError} `ERR_WINESERVER` if the command itself hangs.
 */
export async function isRunning(prefix: string, wine: Wine): Promise<boolean> {
  // -k0 sends no signal: its exit code only shows whether a wineserver runs.
  const { code, isLate } = await askServer(prefix, wine, '-k0');
  if (!isLate) return code === 0;
  throw new WinnodeError(
    'ERR_WINESERVER',
    `${wine.server} does not answer -k0 within ${commandLimitMs / 1_000} s.`,
    'Probably it is not a wineserver. Set WINESERVER to the one of this Wine, or unset it.',
  );
}

/** Ends the wineserver of a prefix and everything that runs under it; waits until it is gone. */
export async function endWineserver(prefix: string, wine: Wine): Promise<void> {
  const running = wineserverPid(prefix);
  // After SIGTERM the wineserver writes the registry and exits, and endOrphans ends its programs at
  // once. After -k the wineserver itself ends the programs, and waits until each one's parent has
  // reaped it, which takes more than half a second.
  if (running === undefined) await askServer(prefix, wine, '-k');
  else endProcess(running, 'SIGTERM');
  // -w waits until the wineserver is gone.
  const { isLate } = await askServer(prefix, wine, '-w');
  const pid = isLate ? wineserverPid(prefix) : undefined;
  if (pid !== undefined) endProcess(pid, 'SIGKILL');
  await endOrphans(prefix);
}

function endProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has exited meanwhile.
  }
}

/** Wine names the directory of a wineserver after the device and the inode of the prefix. */
function serverDirectoryName(prefix: string): string {
  const { dev, ino } = statSync(prefix, { bigint: true });
  return `server-${dev.toString(16)}-${ino.toString(16)}`;
}

/** The pid of the wineserver of a prefix; undefined if it cannot be determined. */
export function wineserverPid(prefix: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [name, home] = [serverDirectoryName(prefix), realpathSync(prefix)];
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (!readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('wineserver')) continue;
      // The working directory of a wineserver is its socket directory. While it starts and loads
      // the registry, it is the prefix.
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      if (cwd.endsWith(`/${name}`) || cwd === home) return Number(pid);
    } catch {
      // The process has exited meanwhile, or belongs to another user.
    }
  }
  return undefined;
}

/**
 * Makes a function that returns true while a wineserver of the prefix runs: the present one, or one
 * that Wine starts after it. If the present one cannot be determined, it always returns true.
 */
export function watchWineserver(prefix: string): () => boolean {
  let pid = wineserverPid(prefix);
  if (pid === undefined) return () => true;
  let start = processStart(pid);
  return () => {
    if (pid !== undefined && start !== undefined && processStart(pid) === start) return true;
    pid = wineserverPid(prefix);
    start = pid === undefined ? undefined : processStart(pid);
    return start !== undefined;
  };
}

/**
 * True if a wineserver answers in time. When a client connects, the wineserver first sends its
 * protocol version. A wineserver that loops or is stopped sends nothing. True also if `isUnwanted`
 * ends the wait.
 */
export function answersInTime(
  pid: number,
  limitMs: number,
  isUnwanted = () => false,
): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(`/proc/${pid}/cwd/socket`);
    const untilMs = performance.now() + limitMs;
    const settle = (isAnswer: boolean) => {
      clearInterval(watch);
      socket.destroy();
      done(isAnswer);
    };
    const watch = setInterval(() => {
      if (isUnwanted()) settle(true);
      else if (performance.now() > untilMs) settle(false);
    }, 50);
    socket.on('data', () => settle(true));
    // The wineserver has just exited. The next program starts a new one.
    socket.on('error', () => settle(true));
    socket.on('close', () => settle(true));
  });
}

/** Describes the state of a wineserver that does not answer, as the end of a message. */
export function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (state === 'T' || state === 't') return ': it is stopped';
    return state === 'R' ? ': it is in an endless loop' : '';
  } catch {
    return '';
  }
}

/**
 * Removes the files that an ended wineserver leaves in /tmp, for a prefix that is about to be
 * removed.
 */
export function forgetWineserver(prefix: string): void {
  const parents = [`/tmp/.wine-${process.getuid?.()}`];
  try {
    // Debian's Wine creates a directory with a random name and records it in the prefix.
    const noted = readFileSync(join(prefix, 'wineserver'), 'latin1');
    if (/^wine-[A-Za-z0-9]{6}$/.test(noted)) parents.push(join('/tmp', noted));
  } catch {
    // Another Wine, or no wineserver has run for this prefix.
  }
  for (const parent of parents) {
    rmSync(join(parent, serverDirectoryName(prefix)), { recursive: true, force: true });
    try {
      rmdirSync(parent);
    } catch {
      // The directory does not exist, or contains those of other prefixes.
    }
  }
}
