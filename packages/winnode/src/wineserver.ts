import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WinnodeError } from './errors.js';
import { exclusively } from './lock.js';
import { processStart } from './process-start.js';
import type { Wine } from './wine.js';
import { wineEnvironment } from './wine-environment.js';

/**
 * A wineserver serves every program of one prefix, and ending it ends them all. So each run puts
 * a file into `.winnode/users` while it uses the server. Whoever finds no server starts one and
 * notes which process that is; whoever leaves last ends a server with that note. A server that
 * somebody else started is used and never ended.
 */
export interface WineserverLease {
  /** Ends the use; the last user ends the server, if winnode started it. Idempotent. */
  release(): Promise<void>;
}

/** A server that lost all its users without a word (kill -9) ends itself after this long. */
const lingerSeconds = 60;
/** Starting a server and its services takes a second; a machine that needs this long is stuck. */
const commandLimitMs = 60_000;
const lockLimitMs = 2 * commandLimitMs;

/** Says that it is using the wineserver of `prefix`, and starts one where none runs. */
export async function useWineserver(prefix: string, wine: Wine): Promise<WineserverLease> {
  const home = join(prefix, '.winnode');
  const lockFile = join(home, 'wineserver');
  const users = join(home, 'users');
  const mine = join(users, `${process.pid}-${nextLease++}`);

  await exclusively(lockFile, lockLimitMs, async () => {
    mkdirSync(users, { recursive: true });
    dropTheDead(users);
    if (!(await isRunning(prefix, wine))) await startServer(prefix, wine);
    else if (!isOurs(home)) await startServices(prefix, wine);
    writeFileSync(mine, processStart(process.pid) ?? '');
  });

  let released: Promise<void> | undefined;
  return {
    release() {
      released ??= exclusively(lockFile, lockLimitMs, async () => {
        rmSync(mine, { force: true });
        dropTheDead(users);
        if (readdirSync(users).length > 0 || !isOurs(home)) return;
        await command(wine.server, ['-k'], prefix);
        for (let waited = 0; waited < 5_000 && (await isRunning(prefix, wine)); waited += 20) {
          await sleep(20);
        }
        rmSync(noteIn(home), { force: true });
      });
      return released;
    },
  };
}

let nextLease = 0;

const noteIn = (home: string) => join(home, 'wineserver-by-winnode');

/** True when the server that runs is the very process that a winnode started. */
function isOurs(home: string): boolean {
  try {
    const [pid, start] = readFileSync(noteIn(home), 'utf8').split(' ');
    return start !== undefined && processStart(Number(pid)) === start;
  } catch {
    return false;
  }
}

async function startServer(prefix: string, wine: Wine): Promise<void> {
  // In the foreground, so that its pid is known; detached, so that it outlives this run if another
  // one uses it.
  const server = spawn(wine.server, ['-f', `-p${lingerSeconds}`], {
    env: wineEnvironment(prefix),
    stdio: 'ignore',
    detached: true,
  });
  server.on('error', () => {});
  server.unref();
  for (let waited = 0; waited < 5_000 && !(await isRunning(prefix, wine)); waited += 20) {
    await sleep(20);
  }
  const start = server.pid === undefined ? undefined : processStart(server.pid);
  writeFileSync(noteIn(join(prefix, '.winnode')), `${server.pid} ${start}`);
  await startServices(prefix, wine);
}

/**
 * The first program under a server starts Wine's services, which keep that program's standard
 * streams open for as long as they live. So the first program is one without any.
 */
async function startServices(prefix: string, wine: Wine): Promise<void> {
  await command(wine.loader, ['wineboot.exe'], prefix);
  if (await isRunning(prefix, wine)) return;
  throw new WinnodeError(
    'ERR_WINESERVER',
    `The wineserver of ${prefix} does not start.`,
    `Try it by hand: WINEPREFIX='${prefix}' ${wine.loader} cmd /c ver`,
  );
}

// -k0 sends no signal: it only says, by its exit code, whether there is a server.
async function isRunning(prefix: string, wine: Wine): Promise<boolean> {
  return (await command(wine.server, ['-k0'], prefix)) === 0;
}

function command(path: string, args: readonly string[], prefix: string): Promise<number> {
  return new Promise((done, failed) => {
    const child = spawn(path, args, {
      env: wineEnvironment(prefix),
      stdio: 'ignore',
      timeout: commandLimitMs,
      killSignal: 'SIGKILL',
    });
    child.on('error', failed);
    child.on('close', (code) => done(code ?? -1));
  });
}

/** Forgets users whose process is gone; a pid that was given out again has another start time. */
function dropTheDead(users: string): void {
  for (const name of readdirSync(users)) {
    const noted = readFileSync(join(users, name), 'utf8');
    const pid = Number.parseInt(name, 10);
    if (processStart(pid) !== noted) rmSync(join(users, name), { force: true });
  }
}
