import { spawn } from 'node:child_process';
import {
  closeSync,
  fchmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { byHand } from './by-hand.js';
import { inARow, runCommand, wasInterrupted } from './command.js';
import { endOrphans, endRunsOf, isMarked, markVariable } from './descendants.js';
import { wineEnvironment } from './environment.js';
import { explained, WinnodeError } from './errors.js';
import { exclusively } from './lock.js';
import { processStart } from './process-start.js';
import type { HeldSignals } from './signals.js';
import type { Wine } from './wine.js';
import {
  answersInTime,
  endWineserver,
  isRunning,
  stateOf,
  watchWineserver,
  wineserverPid,
} from './wineserver-process.js';

/**
 * One use of a wineserver. A wineserver serves every program of one prefix; when it ends, all of
 * them end. So each run has a file in `.winnode/users` while it uses the wineserver. A run that
 * finds no wineserver starts one and records its process. The last user ends a recorded wineserver.
 * If it was killed, Wine starts another one with the next program. The last user ends that one, too,
 * because winnode's variable is in its environment. winnode uses a wineserver that another program
 * started, but never ends it.
 */
export interface WineserverLease {
  /**
   * Ends this use; the last user ends the wineserver, if winnode started it. Idempotent. Never
   * throws: a wineserver that cannot be ended now, for example because the disk is full, ends by
   * itself.
   */
  release(): Promise<void>;
}

/** Options of {@link useWineserver}. */
export interface WineserverOptions {
  /** How long Wine may take to start. */
  readonly startLimitMs: number;
  /** Once one of these signals has arrived, the waiting ends. */
  readonly held: HeldSignals;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** A wineserver whose users were all killed (kill -9) ends itself after this long. */
const lingerSeconds = 60;
/** A wineserver answers in milliseconds. If it does not answer for this long, it hangs. */
const silenceMs = 10_000;

/**
 * A run that cannot get the lock within this time does not end the wineserver. The holder of the
 * lock does.
 */
const releaseLimitMs = 15_000;
/**
 * winnode gives up a start after this many polls in a row, ten per second, without a wineserver. One
 * poll is not enough: Wine may just be starting another one.
 */
const gonePolls = 20;

const homeOf = (prefix: string) => join(prefix, '.winnode');
const usersOf = (prefix: string) => join(homeOf(prefix), 'users');
const noteOf = (prefix: string) => join(homeOf(prefix), 'wineserver-by-winnode');

/** The log of Wine's output during the start. */
const logOf = (prefix: string) => join(homeOf(prefix), 'start.log');

/** The end of this log, as the end of a message. */
function saidIn(prefix: string): string {
  try {
    const said = readFileSync(logOf(prefix), 'utf8').trim();
    return said && `\nWine says: ${said.slice(-600)}`;
  } catch {
    return '';
  }
}

let nextLease = 0;

/**
 * Registers a use of the wineserver of `prefix`, and starts one if none runs.
 *
 * @throws {WinnodeError} `ERR_PREFIX_BROKEN` if it does not start; `ERR_WINESERVER` if a
 *   wineserver that others use hangs; `ERR_START_LIMIT`, `ERR_LOCK`, `ERR_DISK_FULL`,
 *   `ERR_NOT_WRITABLE`.
 */
export async function useWineserver(
  prefix: string,
  wine: Wine,
  options: WineserverOptions,
): Promise<WineserverLease> {
  const lockFile = join(homeOf(prefix), 'wineserver');
  const mine = join(usersOf(prefix), `${process.pid}-${nextLease++}`);
  // The holder of the lock may first end a wineserver that hangs, and then start one.
  const limitMs = silenceMs + 2 * options.startLimitMs;
  const { held, onProgress } = options;

  await exclusively(lockFile, { limitMs, held, onProgress }, async () => {
    try {
      mkdirSync(usersOf(prefix), { recursive: true });
      await dropTheDead(prefix);
      await endIfSilent(prefix, wine, options);
      if (!(await isRunning(prefix, wine))) await startServer(prefix, wine, options);
      else if (!isOurs(prefix)) await startServices(prefix, wine, options);
      writeFileSync(mine, processStart(process.pid) ?? '');
    } catch (cause) {
      rmSync(mine, { force: true });
      // If the wineserver cannot be ended either, the cause is most likely the same.
      await endIfUnused(prefix, wine).catch(() => {});
      throw explained(cause);
    }
  });

  const giveBack = async () => {
    rmSync(mine, { force: true });
    await dropTheDead(prefix);
    await endIfUnused(prefix, wine);
  };
  let released: Promise<void> | undefined;
  return {
    release() {
      released ??= exclusively(lockFile, { limitMs: releaseLimitMs }, giveBack).catch(() => {
        rmSync(mine, { force: true });
      });
      return released;
    },
  };
}

/**
 * Ends a wineserver that winnode started and that no run uses. If it was killed, this ends its
 * services and removes its record.
 */
async function endIfUnused(prefix: string, wine: Wine): Promise<void> {
  if (livingUsers(prefix).length > 0) return;
  if (isOurs(prefix)) {
    await endOurs(prefix, wine);
  } else if (process.platform === 'linux' && wineserverPid(prefix) === undefined) {
    await endOrphans(prefix);
    rmSync(noteOf(prefix), { force: true });
  }
}

/** Ends the wineserver if winnode started it. */
async function endOurs(prefix: string, wine: Wine): Promise<void> {
  await endWineserver(prefix, wine);
  rmSync(noteOf(prefix), { force: true });
}

/** True if winnode started the running wineserver, or Wine started it for a program of winnode. */
export function isOurs(prefix: string): boolean {
  return ourServer(prefix) !== undefined;
}

function ourServer(prefix: string): number | undefined {
  return recordedServer(prefix) ?? markedServer(prefix);
}

/** The recorded wineserver, if it still runs. */
function recordedServer(prefix: string): number | undefined {
  try {
    const [pid, start] = readFileSync(noteOf(prefix), 'utf8').split(' ');
    return start !== undefined && processStart(Number(pid)) === start ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** The wineserver that Wine started by itself for a program of winnode. */
function markedServer(prefix: string): number | undefined {
  const pid = wineserverPid(prefix);
  return pid !== undefined && isMarked(pid) ? pid : undefined;
}

/**
 * The environment of the wineserver and of Wine's services. Its variable names no run, because they
 * may serve other runs after the one that starts them.
 */
const serverEnvironment = (prefix: string) => ({
  ...wineEnvironment(prefix),
  [markVariable]: 'wineserver',
});

/** The pids of the processes that use the wineserver now. */
export function livingUsers(prefix: string): number[] {
  return namesIn(usersOf(prefix))
    .filter((name) => isAlive(prefix, name))
    .map((name) => Number.parseInt(name, 10));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** True if the user's process still runs. A reused pid has another start time. */
function isAlive(prefix: string, user: string): boolean {
  try {
    const noted = readFileSync(join(usersOf(prefix), user), 'utf8');
    return processStart(Number.parseInt(user, 10)) === noted;
  } catch {
    return false;
  }
}

/** Removes users whose process has exited, and ends the programs that they left. */
async function dropTheDead(prefix: string): Promise<void> {
  for (const user of namesIn(usersOf(prefix))) {
    if (isAlive(prefix, user)) continue;
    const file = join(usersOf(prefix), user);
    const start = readFileSync(file, 'utf8');
    if (start !== '') await endRunsOf(prefix, Number.parseInt(user, 10), start);
    rmSync(file, { force: true });
  }
}

/** Ends a wineserver that hangs, if winnode started it and no other process uses it. */
async function endIfSilent(prefix: string, wine: Wine, options: WineserverOptions): Promise<void> {
  const pid = wineserverPid(prefix);
  if (pid === undefined) return;
  const limitMs = Math.min(silenceMs, options.startLimitMs);
  if (await answersInTime(pid, limitMs, wasInterrupted(options.held))) return;
  const silent = `The wineserver of ${prefix}, process ${pid}, does not answer${stateOf(pid)}.`;
  if (ourServer(prefix) !== pid || livingUsers(prefix).length > 0) {
    const hint = `End it, and with it the programs that use it: kill -9 ${pid}`;
    throw new WinnodeError('ERR_WINESERVER', silent, hint);
  }
  options.onProgress?.(`${silent} No program uses it: winnode ends it and starts another one.`);
  await endWineserver(prefix, wine);
}

async function startServer(prefix: string, wine: Wine, options: WineserverOptions): Promise<void> {
  // In the foreground, so that its pid is known. Detached, so that it does not end with this process
  // while another run uses it. The old log is removed, because a run with another umask may have
  // made it read-only.
  rmSync(logOf(prefix), { force: true });
  const log = openSync(logOf(prefix), 'w');
  fchmodSync(log, 0o600);
  const server = spawn(wine.server, ['-f', `-p${lingerSeconds}`], {
    env: serverEnvironment(prefix),
    stdio: ['ignore', 'ignore', log],
    detached: true,
  });
  closeSync(log);
  server.on('error', () => {});
  server.unref();
  const untilMs = performance.now() + options.startLimitMs;
  while (!(await isRunning(prefix, wine))) {
    const isLate = performance.now() > untilMs || options.held.first !== undefined;
    if (isLate) server.kill('SIGKILL');
    if (isLate || server.exitCode !== null) break;
    await sleep(20);
  }
  const start = server.pid === undefined ? undefined : processStart(server.pid);
  try {
    writeFileSync(noteOf(prefix), `${server.pid} ${start}`);
  } catch (cause) {
    // Without the record no run would end the wineserver.
    await endOurs(prefix, wine);
    throw cause;
  }
  await startServices(prefix, wine, options);
}

/**
 * The first program under a wineserver starts Wine's services. They inherit that program's standard
 * streams, and keep them open until they end. So the first program is wineboot, without streams.
 */
async function startServices(
  prefix: string,
  wine: Wine,
  { startLimitMs, held }: WineserverOptions,
): Promise<void> {
  // If its wineserver ends, wineboot waits for an answer for ever.
  const isServed = watchWineserver(prefix);
  const isGone = inARow(gonePolls, () => !isServed());
  const wasSignalled = wasInterrupted(held);
  const { code, isLate } = await runCommand(wine.loader, ['wineboot.exe'], {
    env: serverEnvironment(prefix),
    limitMs: startLimitMs,
    log: logOf(prefix),
    isUnwanted: () => wasSignalled() || isGone(),
  });
  // The caller sees the signal, too, and releases the wineserver.
  if (held.first !== undefined) return;
  if (code !== 0 && !isServed()) {
    const gone = `The wineserver of ${prefix} ended while Wine started.${saidIn(prefix)}`;
    const hint = 'Probably another program killed it. Run winnode again.';
    throw new WinnodeError('ERR_WINESERVER', gone, hint);
  }
  const hand = `To try it by hand: ${byHand(prefix, [wine.loader, 'cmd', '/c', 'ver'])}`;
  if (isLate) {
    const late = `Wine did not start in ${prefix} within ${startLimitMs / 1_000} s.${saidIn(prefix)}`;
    const hint = `Allow more time: WINNODE_START_LIMIT=SECONDS. ${hand}`;
    throw new WinnodeError('ERR_START_LIMIT', late, hint);
  }
  if (code === 0 && (await isRunning(prefix, wine))) return;
  const message = `Wine does not start in ${prefix} (wineboot ended with exit code ${code}).${saidIn(prefix)}`;
  const hint = `If the prefix is damaged, the next run replaces it, unless WINNODE_PREFIX names it. ${hand}`;
  throw new WinnodeError('ERR_PREFIX_BROKEN', message, hint);
}
