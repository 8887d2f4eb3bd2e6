import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeBcryptPrimitives } from './bcryptprimitives.js';
import { byHand } from './by-hand.js';
import { runCommand } from './command.js';
import { wineEnvironment } from './environment.js';
import { WinnodeError } from './errors.js';
import { startLimitMs } from './limits.js';
import { nodeIn, placeNode } from './page-aligned.js';
import { findDamage, writeReady } from './prefix-damage.js';
import { quietPrefix } from './quiet-prefix.js';
import { type HeldSignals, holdSignals, InterruptedError } from './signals.js';
import type { WindowsNode } from './windows-node.js';
import type { Wine } from './wine.js';
import { isOurs, livingUsers } from './wineserver.js';
import { endWineserver, forgetWineserver, isRunning } from './wineserver-process.js';

/** Creating a prefix takes 5 to 10 s on a laptop, several times as long as a start. */
export const makeLimitMs = (env: NodeJS.ProcessEnv) => 3 * startLimitMs(env);

/** With less free space than this the disk counts as full: a write of Wine has probably failed. */
const fullBelowBytes = 2 * 2 ** 20;

/**
 * The registry before the first start. It makes Wine report Windows 10: Node 22 does not run on
 * Windows 7, which Wine 8 reports by default.
 */
const windows10Seed = `WINE REGISTRY Version 2
;; All keys relative to \\\\User\\\\S-1-5-21-0-0-0-1000

#arch=win64

[Software\\\\Wine]
"Version"="win10"
`;

/** The leftovers of killed runs beside a prefix: unfinished prefixes, replaced prefixes, the lock. */
export function leftoversOf(prefix: string): string[] {
  const parent = dirname(prefix);
  if (!existsSync(parent)) return [];
  const own = `${basename(prefix)}.`;
  return readdirSync(parent, { withFileTypes: true })
    .filter(({ name }) => name.startsWith(own))
    .filter((entry) => {
      const kind = entry.name.slice(own.length);
      return /^(making|old)-\d+$/.test(kind) || (kind === 'lock' && entry.isDirectory());
    })
    .map(({ name }) => join(parent, name));
}

/** Removes these leftovers. The caller holds the lock, so no other process works on them. */
export async function clearLeftovers(prefix: string, wine: Wine | undefined): Promise<void> {
  for (const path of leftoversOf(prefix)) {
    // This process holds the lock.
    if (!path.endsWith('.lock')) await discard(path, wine);
  }
}

/**
 * Creates a prefix and renames it to its final path. The caller holds the lock. If it fails, it
 * removes the unfinished prefix.
 */
export async function makePrefix(
  prefix: string,
  wine: Wine,
  node: WindowsNode,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const making = `${prefix}.making-${process.pid}`;
  const held = holdSignals();
  try {
    mkdirSync(join(making, '.winnode'), { recursive: true });
    writeFileSync(join(making, 'user.reg'), windows10Seed);
    await fill(making, wine, node, env, held);
    const old = `${prefix}.old-${process.pid}`;
    if (lstatSync(prefix, { throwIfNoEntry: false })) renameSync(prefix, old);
    renameSync(making, prefix);
    await discard(old, wine);
    // A signal that arrived too late to stop the creation still ends this process.
    if (held.first !== undefined) throw new InterruptedError(held.first);
  } catch (cause) {
    const isFull = isDiskFull(dirname(prefix)) || /ENOSPC|EDQUOT/.test(String(cause));
    await discard(making, wine);
    throw isFull && !(cause instanceof InterruptedError) ? diskFull(dirname(prefix), cause) : cause;
  } finally {
    held.release();
  }
}

/**
 * Checks that no process uses a damaged prefix, which may be replaced only then.
 *
 * @throws {WinnodeError} `ERR_PREFIX_BROKEN` if a process uses it.
 */
export async function requireUnused(prefix: string, wine: Wine): Promise<void> {
  if (!existsSync(join(prefix, '.winnode'))) return;
  const [user] = livingUsers(prefix);
  if (user === undefined && (isOurs(prefix) || !(await isRunning(prefix, wine)))) return;
  throw new WinnodeError(
    'ERR_PREFIX_BROKEN',
    `The Wine prefix ${prefix} is damaged, but ${
      user === undefined ? 'a wineserver that winnode did not start' : `process ${user}`
    } uses it, so winnode cannot replace it.`,
    user === undefined
      ? `End the wineserver, then run this again: ${byHand(prefix, [wine.server, '-k'])}`
      : `Wait until the process has ended, or end it, then run this again: kill ${user}`,
  );
}

function isDiskFull(directory: string): boolean {
  const { bavail, blocks, bsize } = statfsSync(directory);
  // Some file systems do not report their size.
  return blocks > 0 && bavail * bsize < fullBelowBytes;
}

function diskFull(directory: string, cause: unknown): WinnodeError {
  return new WinnodeError(
    'ERR_DISK_FULL',
    `${directory} cannot be written: the disk is full. Making a Wine prefix needs 700 MB, of which it keeps 120 MB.`,
    'Free some space there, or set WINNODE_CACHE to a directory on another disk.',
    { cause },
  );
}

/** True if Windows Node starts in a prefix. The prefix must not be in use. */
export async function runsNode(
  prefix: string,
  wine: Wine,
  node: WindowsNode,
  asked: NodeJS.ProcessEnv,
): Promise<boolean> {
  const { NODE_OPTIONS: _users, ...env } = wineEnvironment(prefix);
  const wasRunning = await isRunning(prefix, wine);
  const args = [nodeIn(prefix, node), '-p', '1'];
  const { code } = await runCommand(wine.loader, args, { env, limitMs: startLimitMs(asked) });
  if (!wasRunning) await endWineserver(prefix, wine);
  return code === 0;
}

/** Lets Wine fill a new prefix, makes it smaller, and checks that Windows Node runs in it. */
async function fill(
  making: string,
  wine: Wine,
  node: WindowsNode,
  asked: NodeJS.ProcessEnv,
  held: HeldSignals,
): Promise<void> {
  const { NODE_OPTIONS: _users, ...env } = wineEnvironment(making);
  const log = join(making, '.winnode', 'making.log');
  let isFull = false;
  const isUnwanted = () => {
    isFull ||= isDiskFull(making);
    return isFull || held.first !== undefined;
  };
  const step = async (what: string, limitMs: number, args: readonly string[]) => {
    const { code, isLate } = await runCommand(wine.loader, args, { env, limitMs, log, isUnwanted });
    if (held.first !== undefined) throw new InterruptedError(held.first);
    if (isFull || isDiskFull(making)) throw diskFull(dirname(making), undefined);
    if (code === 0) return;
    const how = isLate ? `did not end within ${limitMs / 1_000} s` : `ended with exit code ${code}`;
    throw failed(wine, `${what} ${how}`, log);
  };
  await step('wineboot', makeLimitMs(asked), ['wineboot.exe', '--init']);
  shareSystemFiles(making, wine);
  const dll = join(making, 'drive_c', 'windows', 'system32', 'bcryptprimitives.dll');
  if (!existsSync(dll)) writeFileSync(dll, makeBcryptPrimitives());
  placeNode(making, node);
  await step('regedit', startLimitMs(asked), quietPrefix(making));
  // The wineserver writes the registry when it ends, and the next start reads it.
  await endWineserver(making, wine);
  await step(`Windows Node ${node.version}`, startLimitMs(asked), [
    nodeIn(making, node),
    '-p',
    '1',
  ]);
  // Without this Wine would update the prefix whenever Wine's own files look newer than the prefix.
  // It would then overwrite its own files, through the links.
  writeFileSync(join(making, '.update-timestamp'), 'disable\n');
  await endWineserver(making, wine);
  writeReady(making, wine.version, node.version);
  const damage = findDamage(making, wine.version, true);
  if (damage !== undefined) throw failed(wine, damage, log);
}

function failed(wine: Wine, what: string, log: string): WinnodeError {
  const said = existsSync(log) ? readFileSync(log, 'utf8').trim().slice(-600) : '';
  return new WinnodeError(
    'ERR_PREFIX_FAILED',
    `${wine.version} could not make a prefix: ${what}.${said && `\n${said}`}`,
    'winnode removed the unfinished prefix. WINEDEBUG=err+all prints the errors of Wine. If this ' +
      'machine is slow, allow more time: WINNODE_START_LIMIT=SECONDS.',
  );
}

/** Ends the programs that may still run in a prefix, then removes the prefix. */
async function discard(path: string, wine: Wine | undefined): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })) return;
  if (wine !== undefined && lstatSync(path).isDirectory()) {
    await endWineserver(path, wine);
    forgetWineserver(path);
  }
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Wine copies its own DLLs into each prefix: 630 MB of 695. This replaces the copies by links to
 * Wine's own files, and removes files that only desktop programs read. 33 MB remain, without the
 * prefix's copy of Windows Node.
 */
function shareSystemFiles(prefix: string, wine: Wine): void {
  const windows = join(prefix, 'drive_c', 'windows');
  const own = peDirectory(wine);
  if (own === undefined) return; // Wine's files were not found. A large prefix works, too.
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

/**
 * Wine's directory of 64-bit Windows files, at the path of the distribution or of Wine's own
 * build.
 */
function peDirectory(wine: Wine): string | undefined {
  const prefixes = [dirname(wine.loader), dirname(dirname(wine.loader)), '/usr'];
  const places = ['lib/x86_64-linux-gnu/wine', 'lib/wine', 'lib64/wine', 'x86_64-linux-gnu/wine'];
  return prefixes
    .flatMap((base) => places.map((place) => join(base, place, 'x86_64-windows')))
    .find((directory) => existsSync(join(directory, 'ntdll.dll')));
}
