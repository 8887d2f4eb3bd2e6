import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { WinnodeError } from './errors.js';
import type { Wine } from './wine.js';
import { wineEnvironment } from './wine-environment.js';

/**
 * A wineserver serves every program of one prefix, and ending it ends them all. So each run puts
 * a file into `.winnode/users` while it uses the server. Whoever finds no server starts one and
 * notes that winnode did; whoever leaves last ends a server with that note. A server that somebody
 * else started is used and never ended.
 */
export interface WineserverLease {
  /** Ends the use; the last user ends the server, if winnode started it. Idempotent. */
  release(): Promise<void>;
}

/** A server that lost all its users without a word (kill -9) ends itself after this long. */
const lingerSeconds = 60;

/** Says that it is using the wineserver of `prefix`, and starts one where none runs. */
export async function useWineserver(prefix: string, wine: Wine): Promise<WineserverLease> {
  const home = join(prefix, '.winnode');
  const users = join(home, 'users');
  const note = join(home, 'wineserver-by-winnode');
  const mine = join(users, `${process.pid}-${nextLease++}`);

  await exclusively(home, async () => {
    mkdirSync(users, { recursive: true });
    dropTheDead(users);
    if (!(await isRunning(prefix, wine))) {
      writeFileSync(note, '');
      await command(wine.server, [`-p${lingerSeconds}`], prefix);
      await startServices(prefix, wine);
    } else if (!existsSync(note)) {
      await startServices(prefix, wine);
    }
    writeFileSync(mine, startTime(process.pid) ?? '');
  });

  let released: Promise<void> | undefined;
  return {
    release() {
      released ??= exclusively(home, async () => {
        rmSync(mine, { force: true });
        dropTheDead(users);
        if (readdirSync(users).length > 0 || !existsSync(note)) return;
        await command(wine.server, ['-k'], prefix);
        for (let waited = 0; waited < 5_000 && (await isRunning(prefix, wine)); waited += 20) {
          await sleep(20);
        }
        rmSync(note, { force: true });
      });
      return released;
    },
  };
}

let nextLease = 0;

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
    const child = spawn(path, args, { env: wineEnvironment(prefix), stdio: 'ignore' });
    child.on('error', failed);
    child.on('close', (code) => done(code ?? -1));
  });
}

async function exclusively<T>(home: string, work: () => Promise<T>): Promise<T> {
  const release = await lock(home, {
    stale: 10_000,
    update: 2_000,
    retries: { retries: 600, factor: 1, minTimeout: 50, maxTimeout: 50 },
  });
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Forgets users whose process is gone; a pid that was given out again has another start time. */
function dropTheDead(users: string): void {
  for (const name of readdirSync(users)) {
    const noted = readFileSync(join(users, name), 'utf8');
    if (startTime(Number.parseInt(name, 10)) !== noted) rmSync(join(users, name), { force: true });
  }
}

/** When a process started, in the system's own unit; undefined when there is none. */
function startTime(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // Field 22 of stat; the command name before it may hold spaces, but ends with the last ')'.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch {
    return undefined;
  }
}
