import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { makeBcryptPrimitives } from './bcryptprimitives.js';
import { WinnodeError } from './errors.js';
import { exclusively } from './lock.js';
import { type HeldSignals, holdSignals, InterruptedError } from './signals.js';
import type { WindowsNode } from './windows-node.js';
import { toWindowsPath } from './windows-path.js';
import type { Wine } from './wine.js';
import { wineEnvironment } from './wine-environment.js';

/** A finished prefix holds this file; winnode writes it last. */
const readyFile = join('.winnode', 'ready.json');

/** Making a prefix takes 5 to 10 s on a laptop; a machine that needs minutes is stuck. */
const makeLimitMs = 180_000;

/** Seeding this before the first start makes Wine report Windows 10; Node 22 refuses Windows 7. */
const windows10Seed = `WINE REGISTRY Version 2
;; All keys relative to \\\\User\\\\S-1-5-21-0-0-0-1000

#arch=win64

[Software\\\\Wine]
"Version"="win10"
`;

function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const asked = env['WINNODE_CACHE'];
  if (asked) return resolve(asked);
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'winnode');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'winnode');
  return join(homedir(), '.cache', 'winnode');
}

/**
 * Where the prefix for this Wine and this Node is: `WINNODE_PREFIX`, or a directory named after
 * both versions in the user's cache (`WINNODE_CACHE`, `XDG_CACHE_HOME`, `~/.cache`).
 *
 * @throws {WinnodeError} `ERR_PREFIX_REFUSED` for `~/.wine`, which belongs to the user.
 */
export function prefixPath(
  wine: Wine,
  node: WindowsNode,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const asked = env['WINNODE_PREFIX'];
  if (asked) {
    const prefix = resolve(asked);
    if (prefix === join(homedir(), '.wine') || prefix === homedir()) {
      throw new WinnodeError(
        'ERR_PREFIX_REFUSED',
        `WINNODE_PREFIX is ${prefix}: winnode never touches a prefix that is yours.`,
        'Name a directory that does not exist yet, or unset WINNODE_PREFIX.',
      );
    }
    return prefix;
  }
  const key = `${wine.version}-node-${node.version}`.replace(/[^A-Za-z0-9.~+-]+/g, '-');
  return join(cacheDirectory(env), key);
}

/**
 * The version of the Wine that winnode made this prefix with, to its end; undefined when there is no
 * such prefix. A prefix is for one Wine: its system files are links to that Wine's own.
 */
export function prefixWine(prefix: string): string | undefined {
  try {
    const made = JSON.parse(readFileSync(join(prefix, readyFile), 'utf8')) as { wine?: string };
    return made.wine;
  } catch {
    return undefined;
  }
}

/** Options of {@link ensurePrefix}. */
export interface EnsurePrefixOptions {
  /** Told one line before something slow starts. */
  readonly onProgress?: (line: string) => void;
}

/**
 * Makes the prefix unless it is there. Two processes may ask at once: one makes it under a lock,
 * in a directory of its own that is renamed at the end, the other waits.
 *
 * @throws {WinnodeError} `ERR_PREFIX_REFUSED` when the place holds something else,
 *   `ERR_PREFIX_FAILED` when Wine cannot make it.
 */
export async function ensurePrefix(
  prefix: string,
  wine: Wine,
  node: WindowsNode,
  options: EnsurePrefixOptions = {},
): Promise<void> {
  if (prefixWine(prefix) === wine.version) return;
  refuseStranger(prefix, wine);
  const parent = dirname(prefix);
  try {
    mkdirSync(parent, { recursive: true });
  } catch (cause) {
    throw new WinnodeError(
      'ERR_PREFIX_FAILED',
      `${parent} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Set WINNODE_CACHE to a directory that can be written.',
      { cause },
    );
  }
  await exclusively(prefix, makeLimitMs, async () => {
    if (prefixWine(prefix) === wine.version) return;
    options.onProgress?.(`Making a Wine prefix in ${prefix} (once, about 10 s)`);
    await makePrefix(prefix, wine, node);
  });
}

// Only what winnode made, or nothing, is replaced; leftovers of a killed run have other names.
function refuseStranger(prefix: string, wine: Wine): void {
  const madeWith = prefixWine(prefix);
  if (madeWith !== undefined) {
    throw new WinnodeError(
      'ERR_PREFIX_REFUSED',
      `${prefix} was made with ${madeWith}; this is ${wine.version}.`,
      'Remove it, or name another directory in WINNODE_PREFIX.',
    );
  }
  if (!existsSync(prefix) || existsSync(join(prefix, '.winnode'))) return;
  if (statSync(prefix).isDirectory() && readdirSync(prefix).length === 0) return;
  throw new WinnodeError(
    'ERR_PREFIX_REFUSED',
    `${prefix} exists and was not made by winnode.`,
    'Name a directory that does not exist yet in WINNODE_PREFIX, or unset it.',
  );
}

async function makePrefix(prefix: string, wine: Wine, node: WindowsNode): Promise<void> {
  const parent = dirname(prefix);
  const making = `${prefix}.making-${process.pid}`;
  // Under the lock every other half-made directory belongs to a run that died.
  for (const name of readdirSync(parent)) {
    if (name.startsWith(`${basename(prefix)}.making-`)) await discard(join(parent, name), wine);
  }
  mkdirSync(join(making, '.winnode'), { recursive: true });
  writeFileSync(join(making, 'user.reg'), windows10Seed);
  const env = wineEnvironment(making);
  const log = join(making, '.winnode', 'making.log');
  const held = holdSignals();
  let initialised: number;
  try {
    initialised = await run(wine.loader, ['wineboot.exe', '--init'], env, log, held);
    // -k also writes the registry to disk; -w waits until that is done.
    await run(wine.server, ['-k'], env, log);
    await run(wine.server, ['-w'], env, log);
    if (held.first !== undefined) {
      await discard(making, wine);
      throw new InterruptedError(held.first);
    }
  } finally {
    held.release();
  }
  const system32 = join(making, 'drive_c', 'windows', 'system32');
  if (initialised !== 0 || !existsSync(join(system32, 'ntdll.dll'))) {
    const said = existsSync(log) ? readFileSync(log, 'utf8').trim().slice(-600) : '';
    throw new WinnodeError(
      'ERR_PREFIX_FAILED',
      `${wine.version} could not make a prefix (wineboot ended with ${initialised}).${said && `\n${said}`}`,
      `Is the disk full? The unfinished prefix and its log are in ${making}`,
    );
  }
  shareSystemFiles(making, wine);
  if (!existsSync(join(system32, 'bcryptprimitives.dll'))) {
    writeFileSync(join(system32, 'bcryptprimitives.dll'), makeBcryptPrimitives());
  }
  const facts = { wine: wine.version, node: node.version, exe: toWindowsPath(node.exe) };
  writeFileSync(join(making, readyFile), `${JSON.stringify(facts, null, 2)}\n`);
  rmSync(prefix, { recursive: true, force: true });
  renameSync(making, prefix);
}

/** Clears an unfinished prefix away, and first what may still run in it. */
async function discard(making: string, wine: Wine): Promise<void> {
  const env = wineEnvironment(making);
  await run(wine.server, ['-k'], env, '/dev/null');
  await run(wine.server, ['-w'], env, '/dev/null');
  rmSync(making, { recursive: true, force: true });
}

/**
 * Wine copies its own DLLs into each prefix, 630 MB of 695. Node needs none of the copies: a link
 * to Wine's own file serves as well, and what only desktop programs read is dropped. Leaves 33 MB.
 */
function shareSystemFiles(prefix: string, wine: Wine): void {
  const windows = join(prefix, 'drive_c', 'windows');
  const own = peDirectory(wine);
  if (own === undefined) return; // An unknown layout: a large prefix works too.
  for (const name of readdirSync(join(windows, 'system32'))) {
    const copy = join(windows, 'system32', name);
    const original = join(own, name);
    if (!existsSync(original)) continue;
    rmSync(copy);
    symlinkSync(original, copy);
  }
  for (const name of ['winsxs', 'Fonts', 'resources', 'Installer', 'Microsoft.NET']) {
    rmSync(join(windows, name), { recursive: true, force: true });
  }
  const syswow64 = join(windows, 'syswow64');
  if (existsSync(syswow64)) {
    for (const name of readdirSync(syswow64)) rmSync(join(syswow64, name), { recursive: true });
  }
}

/** Wine's directory of 64-bit Windows files, where distributions and Wine's own build put it. */
function peDirectory(wine: Wine): string | undefined {
  const prefixes = [dirname(wine.loader), dirname(dirname(wine.loader)), '/usr'];
  const places = ['lib/x86_64-linux-gnu/wine', 'lib/wine', 'lib64/wine', 'x86_64-linux-gnu/wine'];
  return prefixes
    .flatMap((base) => places.map((place) => join(base, place, 'x86_64-windows')))
    .find((directory) => existsSync(join(directory, 'ntdll.dll')));
}

function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  log: string,
  held?: HeldSignals,
): Promise<number> {
  return new Promise((done, failed) => {
    const out = openSync(log, 'a');
    const child = spawn(command, args, {
      env,
      stdio: ['ignore', out, out],
      timeout: makeLimitMs,
      killSignal: 'SIGKILL',
    });
    const watch = setInterval(() => {
      if (held?.first !== undefined) child.kill('SIGKILL');
    }, 100);
    child.on('error', failed);
    child.on('close', (code) => {
      clearInterval(watch);
      closeSync(out);
      done(code ?? -1);
    });
  });
}
