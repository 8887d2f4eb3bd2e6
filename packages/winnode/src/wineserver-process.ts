import { readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { runCommand } from './command.js';
import { endOrphans } from './descendants.js';
import { wineEnvironment } from './environment.js';
import { WinnodeError } from './errors.js';
import type { Wine } from './wine.js';

/** What `wineserver -k` and its like may take. They need no answer, and kill what does not end. */
const commandLimitMs = 5_000;

function askServer(prefix: string, wine: Wine, option: string) {
  const env = wineEnvironment(prefix);
  return runCommand(wine.server, [option], { env, limitMs: commandLimitMs });
}

/**
 * True if a wineserver runs for this prefix, whether or not it answers.
 *
 * @throws {WinnodeError} `ERR_WINESERVER` when the program itself hangs.
 */
export async function isRunning(prefix: string, wine: Wine): Promise<boolean> {
  // -k0 sends no signal: it only says, by its exit code, whether there is a server.
  const { code, isLate } = await askServer(prefix, wine, '-k0');
  if (!isLate) return code === 0;
  throw new WinnodeError(
    'ERR_WINESERVER',
    `${wine.server} does not answer -k0 within ${commandLimitMs / 1_000} s.`,
    'Is it a wineserver? Set WINESERVER to the one that belongs to this Wine, or unset it.',
  );
}

/** Ends the wineserver of a prefix and everything that runs under it; waits until it is gone. */
export async function endWineserver(prefix: string, wine: Wine): Promise<void> {
  // First asked, then killed, both by -k; -w waits until the registry is written.
  await askServer(prefix, wine, '-k');
  const { isLate } = await askServer(prefix, wine, '-w');
  const pid = isLate ? wineserverPid(prefix) : undefined;
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  await endOrphans(prefix);
}

/** How Wine names the directory of a server: after the device and the inode of the prefix. */
function serverDirectoryName(prefix: string): string {
  const { dev, ino } = statSync(prefix, { bigint: true });
  return `server-${dev.toString(16)}-${ino.toString(16)}`;
}

/** The process that is the wineserver of a prefix; undefined where that cannot be seen. */
export function wineserverPid(prefix: string): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const name = serverDirectoryName(prefix);
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      if (!readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('wineserver')) continue;
      // A server lives in its directory.
      if (readlinkSync(`/proc/${pid}/cwd`).endsWith(`/${name}`)) return Number(pid);
    } catch {
      // Gone meanwhile, or another user's.
    }
  }
  return undefined;
}

/**
 * Whether a wineserver answers. It is the first to speak on each connection: it says the version of
 * its protocol. One that spins, or is stopped, says nothing. True as well once the question is withdrawn.
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
    // It has just ended: whoever starts a program now gets a new one.
    socket.on('error', () => settle(true));
    socket.on('close', () => settle(true));
  });
}

/** In a few words, what a wineserver does that does not answer. */
export function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (state === 'T' || state === 't') return ': it is stopped';
    return state === 'R' ? ': it spins' : '';
  } catch {
    return '';
  }
}

/** Removes what a wineserver that has ended leaves in /tmp, for a prefix that is to be removed. */
export function forgetWineserver(prefix: string): void {
  const parents = [`/tmp/.wine-${process.getuid?.()}`];
  try {
    // Debian's Wine makes a directory with a random name, and notes it in the prefix.
    const noted = readFileSync(join(prefix, 'wineserver'), 'latin1');
    if (/^wine-[A-Za-z0-9]{6}$/.test(noted)) parents.push(join('/tmp', noted));
  } catch {
    // Another Wine, or no server ever ran.
  }
  for (const parent of parents) {
    rmSync(join(parent, serverDirectoryName(prefix)), { recursive: true, force: true });
    try {
      rmdirSync(parent);
    } catch {
      // Not there, or other prefixes have theirs in it.
    }
  }
}
