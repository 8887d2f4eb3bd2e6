import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { bin, host, winnode } from './cli.js';
import { makeCache, prefixIn, processesOf, removeCache, serverOf } from './prefixes.js';

// Functions for tests that damage prefixes, caches and runs.

/** Why such tests cannot run here; empty under Wine. */
export const reason = host.kind === 'wine' ? '' : `needs Wine: ${host.reason || 'this is Windows'}`;

const caches: string[] = [];

/** Creates a directory for prefixes that is removed after the tests of the file. */
export function newCache(): string {
  caches.push(makeCache());
  return caches.at(-1) as string;
}

afterAll(() => {
  for (const cache of caches.splice(0)) removeCache(cache);
});

/** Expects two lines: one that says what failed, and one that says what to do. */
export function expectRefusal(stderr: string, said: RegExp): void {
  expect(stderr).toMatch(said);
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
}

/**
 * A lock remains valid for 10 s after its holder exits. Makes it older, so that no test has to
 * wait.
 */
export function ageLock(cache: string): void {
  const lock = `${prefixIn(cache)}.lock`;
  const old = new Date(Date.now() - 60_000);
  if (existsSync(lock)) utimesSync(lock, old, old);
}

/**
 * Runs a shell in its own mount namespace: its mounts disappear when it ends, even after a crash.
 */
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

/** Why nothing can be mounted here; empty if mounting works. */
export const noMounts =
  host.kind === 'wine' && inNamespace('mount -t tmpfs none /mnt').status === 0
    ? ''
    : reason || 'needs unshare and mount in a user namespace';

/**
 * A script that prints `up` and never ends. Tests start it as a detached child: Node puts other
 * children into a job object, and they end with their parent.
 */
export const hang = `console.log('up'); setInterval(() => {}, 1000)`;

/** A script that prints `up`, and ends when standard input does, with this code. */
export const until = (code: number): string =>
  `console.log('up'); process.stdin.on('end', () => process.exit(${code})).resume()`;

/**
 * Stops the wineserver of a prefix with SIGSTOP.
 *
 * @returns its pid
 */
export function stopServer(prefix: string): number {
  const pid = serverOf(prefix);
  if (pid === undefined) throw new Error('there is no wineserver');
  process.kill(pid, 'SIGSTOP');
  return pid;
}

/** Expects that no program of the cache's prefix runs and that no run has left any file. */
export function expectNothingLeft(cache: string): void {
  expect(processesOf(cache)).toEqual([]);
  const home = join(prefixIn(cache), '.winnode');
  expect(readdirSync(home).filter((name) => /^run-|lock$|by-winnode/.test(name))).toEqual([]);
  expect(readdirSync(join(home, 'users'))).toEqual([]);
}

/** winnode's message about a program that was ended by a SIGKILL that winnode did not send. */
export const killedByWine =
  'SIGKILL: the system was out of memory, Wine ended it after a slow crash, or another program ended it';

/** Runs a program that crashes, and expects winnode to name the crash. */
export async function expectCrash(
  env: NodeJS.ProcessEnv,
  source: string,
  { code, said }: { readonly code: number; readonly said: string },
): Promise<void> {
  // On a busy machine the exit code of a crash may be lost: Wine's debugger ends the program with
  // 0, or takes so long that the wineserver kills the program with SIGKILL. So this tries again,
  // but never accepts a success.
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
