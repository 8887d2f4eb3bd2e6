import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** A finished prefix holds this file; winnode writes it last. */
const readyFile = join('.winnode', 'ready.json');

/** Counted up when prefixes are made in another way, so that each kind has a place of its own. */
export const prefixLayout = 5;

/** What `ready.json` says of a finished prefix. */
export interface Ready {
  readonly layout: number;
  readonly wine: string;
  readonly node: string;
  /** The files of system32 and how many bytes each has. */
  readonly system32: Record<string, number>;
  /** How many bytes the registry of the machine had, and its last key. */
  readonly systemReg: { readonly size: number; readonly lastKey: string };
}

const system32Of = (prefix: string) => join(prefix, 'drive_c', 'windows', 'system32');

/**
 * What a read gives; undefined where that says something of the prefix: a file is not there, or is
 * another kind of file. Without the right or the means to read, nothing is known of the prefix.
 *
 * @throws what keeps this process from reading: too many open files, a missing permission.
 */
function unlessLost<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EINVAL', 'ELOOP'].includes(code)) return undefined;
    throw error;
  }
}

/**
 * Reads `ready.json`; undefined when it is not there, or is no such thing.
 *
 * @throws when it cannot be read.
 */
export function readReady(prefix: string): Ready | undefined {
  const text = unlessLost(() => readFileSync(join(prefix, readyFile), 'utf8')) ?? '';
  try {
    const ready = JSON.parse(text) as Ready | null;
    return typeof ready?.wine === 'string' ? ready : undefined;
  } catch {
    return undefined;
  }
}

/** Says that the prefix is finished, and what it then consists of. */
export function writeReady(prefix: string, wine: string, node: string): void {
  const directory = system32Of(prefix);
  const system32: Record<string, number> = {};
  for (const name of readdirSync(directory)) {
    const file = statSync(join(directory, name));
    if (file.isFile()) system32[name] = file.size;
  }
  const registry = readFileSync(join(prefix, 'system.reg'), 'latin1');
  const lastKey = /^\[.+\]/m.exec(registry.slice(registry.lastIndexOf('\n[')))?.[0] ?? '';
  const systemReg = { size: registry.length, lastKey };
  const ready: Ready = { layout: prefixLayout, wine, node, system32, systemReg };
  writeFileSync(join(prefix, readyFile), `${JSON.stringify(ready, null, 1)}\n`);
}

/**
 * What is wrong with a prefix, in a few words, or undefined. Takes some milliseconds, so every run
 * asks. What this does not see shows when Windows Node does not start.
 *
 * @throws when the prefix cannot be read: that is not damage.
 * @param isExact false where the user may have put files of another size into system32.
 */
export function findDamage(prefix: string, wine: string, isExact: boolean): string | undefined {
  if (!statSync(prefix).isDirectory()) return 'it is a file';
  const ready = readReady(prefix);
  if (ready === undefined) return `${readyFile} is missing or garbled`;
  if (ready.wine !== wine) return `it was made with ${ready.wine}, and this is ${wine}`;
  if (ready.layout !== prefixLayout) return 'it was made by another version of winnode';
  if (!ready.system32 || !ready.systemReg?.lastKey) return `${readyFile} is missing or garbled`;
  return (
    findLostFile(prefix, ready, isExact) ??
    findBadDrive(prefix) ??
    findBadRegistry(prefix, 'system.reg', 0.9 * ready.systemReg.size, ready.systemReg.lastKey) ??
    findBadRegistry(prefix, 'user.reg', 0, '"Version"="win10"')
  );
}

function findLostFile(prefix: string, ready: Ready, isExact: boolean): string | undefined {
  const directory = system32Of(prefix);
  for (const [name, size] of Object.entries(ready.system32)) {
    const found = statSync(join(directory, name), { throwIfNoEntry: false })?.size;
    const isLost = found === undefined || (found === 0 && size > 0);
    if (isLost || (isExact && found !== size)) {
      const state = found === undefined ? 'is missing' : `has ${found} bytes, not ${size}`;
      return `system32/${name} ${state}`;
    }
  }
  return undefined;
}

function findBadDrive(prefix: string): string | undefined {
  for (const [drive, target] of [
    ['c:', '../drive_c'],
    ['z:', '/'],
  ] as const) {
    if (unlessLost(() => readlinkSync(join(prefix, 'dosdevices', drive))) === target) continue;
    return `dosdevices/${drive} does not lead to ${target}`;
  }
  return undefined;
}

/** Wine writes a registry whole. A crash of the host can leave it short, or full of zeros. */
function findBadRegistry(
  prefix: string,
  name: string,
  leastBytes: number,
  wanted: string,
): string | undefined {
  const bytes = unlessLost(() => readFileSync(join(prefix, name)));
  if (bytes === undefined) return `${name} is missing`;
  const isWhole =
    bytes.length >= leastBytes &&
    bytes.includes('#arch=win64') &&
    bytes.includes(wanted) &&
    !bytes.includes(0);
  return isWhole ? undefined : `${name} is cut short or garbled`;
}

const doubtOf = (prefix: string) => join(prefix, '.winnode', 'doubt');

/**
 * Has the next run try a prefix in the cache before it uses it, for nothing started in it. One that
 * `WINNODE_PREFIX` names is left alone.
 */
export function distrust(prefix: string, env: NodeJS.ProcessEnv): void {
  if (env['WINNODE_PREFIX']) return;
  try {
    writeFileSync(doubtOf(prefix), '');
  } catch {
    // On a disk that cannot be written nothing is made again, either.
  }
}

/** True where nothing started the last time. */
export const isDoubted = (prefix: string): boolean => existsSync(doubtOf(prefix));

/** Something has started. */
export function trust(prefix: string): void {
  rmSync(doubtOf(prefix), { force: true });
}
