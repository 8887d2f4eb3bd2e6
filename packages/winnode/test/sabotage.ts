import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, utimesSync } from 'node:fs';
import { afterAll, expect } from 'vitest';
import { bin, host } from './cli.js';
import { makeCache, prefixIn, removeCache } from './prefixes.js';

// What the tests share that damage prefixes and caches.

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
