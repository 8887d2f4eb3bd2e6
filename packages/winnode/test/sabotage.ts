import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { bin, host, winnode } from './cli.js';
import { makeCache, prefixIn, processesOf, removeCache, serverOf } from './prefixes.js';

// What the tests share that damage prefixes, caches and runs.

/** Why they cannot run here; empty under Wine. */
export const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

const caches: string[] = [];

/** A directory for prefixes that is removed when the tests of the file are over. */
export function newCache(): string {
  caches.push(makeCache());
  return caches.at(-1) as string;
}

afterAll(() => {
  for (const cache of caches.splice(0)) removeCache(cache);
});

/** What happened in one line, what to do in one. */
export function expectRefusal(stderr: string, said: RegExp): void {
  expect(stderr).toMatch(said);
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
}

/** A dead holder's lock counts for 10 s: made older by hand, so that no test has to wait. */
export function ageLock(cache: string): void {
  const lock = `${prefixIn(cache)}.lock`;
  const old = new Date(Date.now() - 60_000);
  if (existsSync(lock)) utimesSync(lock, old, old);
}

/** A shell in mount namespaces of its own: what it mounts is gone when it ends, whatever happens. */
export function inNamespace(
  script: string,
  env: NodeJS.ProcessEnv = process.env,
): SpawnSyncReturns<string> {
  const own = { ...env, NODE: process.execPath, WINNODE: bin };
  const shell = ['unshare', '--map-root-user', '--mount', 'sh', '-euc', script];
  const isFound = existsSync('/usr/bin/unshare') && existsSync('/bin/mount');
  const [command, ...args] = isFound ? shell : ['false'];
  return spawnSync(command as string, args, { encoding: 'utf8', env: own, timeout: 60_000 });
}

/** Why nothing can be mounted here; empty where it can. */
export const noMounts =
  host.kind === 'wine' && inNamespace('mount -t tmpfs none /mnt').status === 0
    ? ''
    : reason || 'needs unshare and mount in a user namespace';

// Children are detached: others end with their parent, by a job object that Node puts them in.
export const hang = `console.log('up'); setInterval(() => {}, 1000)`;

/** A script that prints `up`, and ends when standard input does, with this code. */
export const until = (code: number): string =>
  `console.log('up'); process.stdin.on('end', () => process.exit(${code})).resume()`;

/** Stops the wineserver of a prefix. @returns its process */
export function stopServer(prefix: string): number {
  const pid = serverOf(prefix);
  if (pid === undefined) throw new Error('there is no wineserver');
  process.kill(pid, 'SIGSTOP');
  return pid;
}

/** That of the one prefix in a cache nothing runs, and nothing is kept of a run. */
export function expectNothingLeft(cache: string): void {
  expect(processesOf(cache)).toEqual([]);
  const home = join(prefixIn(cache), '.winnode');
  expect(readdirSync(home).filter((name) => /^run-|lock$|by-winnode/.test(name))).toEqual([]);
  expect(readdirSync(join(home, 'users'))).toEqual([]);
}

/** What winnode says of a program that SIGKILL ended, and not by winnode. */
export const killedByWine =
  'SIGKILL, by the system for want of memory, by Wine after a crash that took long, or by another program';

/** Runs what crashes, and expects winnode to say how. */
export async function expectCrash(
  env: NodeJS.ProcessEnv,
  source: string,
  { code, said }: { readonly code: number; readonly said: string },
): Promise<void> {
  // On a busy machine a crash may lose its code: Wine's debugger ends it with 0, or takes so long
  // that the wineserver ends it by SIGKILL. Never is it a success, and not each time is it lost.
  for (let attempt = 1; ; attempt += 1) {
    const crashed = await winnode(['--allow-natives-syntax', '-e', source], { env });
    const last = crashed.stderr.trimEnd().split('\n').at(-1) ?? '';
    const isLost = crashed.code === 1 && last.endsWith('a crash whose exit code was lost');
    const isKilled = crashed.signal === 'SIGKILL' && last.includes(killedByWine);
    if ((isLost || isKilled) && attempt < 5) continue;
    expect(crashed).toMatchObject({ code, signal: null });
    expect(last).toBe(`winnode: Windows Node died: ${said}`);
    return;
  }
}
