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

/** A complete prefix contains this file; winnode writes it last. */
const readyFile = join('.winnode', 'ready.json');

/** Incremented when the content of prefixes changes, so that each layout has its own directory. */
export const prefixLayout = 5;

/** The content of `ready.json` of a complete prefix. */
export interface Ready {
  readonly layout: number;
  readonly wine: string;
  readonly node: string;
  /** The files of system32, with the size of each in bytes. */
  readonly system32: Record<string, number>;
  /** The size in bytes of the machine's registry, and the registry's last key. */
  readonly systemReg: { readonly size: number; readonly lastKey: string };
}

const system32Of = (prefix: string) => join(prefix, 'drive_c', 'windows', 'system32');

/**
 * Returns the result of a read. Returns undefined if the read fails because a file of the prefix is
 * missing or has another type. Any other error says nothing about the prefix.
 *
 * @throws the error that keeps this process from reading: too many open files, a missing
 *   permission.
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
 * Reads `ready.json`; undefined if it does not exist or is not valid.
 *
 * @throws if it cannot be read.
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

/** Marks the prefix as complete and records its content. */
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
 * Describes the damage of a prefix in a few words; undefined if it finds none. The check takes a
 * few milliseconds and is part of every run. It does not find every damage; if Windows Node does
 * not start, the next run tests the prefix: see {@link distrust}.
 *
 * @throws if the prefix cannot be read, which is not damage.
 * @param isExact false if the user may have put files of another size into system32.
 */
export function findDamage(prefix: string, wine: string, isExact: boolean): string | undefined {
  if (!statSync(prefix).isDirectory()) return 'it is a file';
  const ready = readReady(prefix);
  if (ready === undefined) return `${readyFile} is missing or not valid`;
  if (ready.wine !== wine) return `it was made with ${ready.wine}, but this Wine is ${wine}`;
  if (ready.layout !== prefixLayout) return 'it was made by another version of winnode';
  if (!ready.system32 || !ready.systemReg?.lastKey) return `${readyFile} is missing or not valid`;
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
      const state = found === undefined ? 'is missing' : `has ${found} bytes instead of ${size}`;
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
    return `dosdevices/${drive} is not a link to ${target}`;
  }
  return undefined;
}

/**
 * Wine always writes a complete registry file. A crash of the host can leave it truncated, or
 * filled with zeros.
 */
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
  return isWhole ? undefined : `${name} is truncated or damaged`;
}

const doubtOf = (prefix: string) => join(prefix, '.winnode', 'doubt');

/**
 * Marks a prefix in the cache as suspect, because Windows Node did not start in it: the next run
 * tests it before use. A prefix that `WINNODE_PREFIX` names is not marked.
 */
export function distrust(prefix: string, env: NodeJS.ProcessEnv): void {
  if (env['WINNODE_PREFIX']) return;
  try {
    writeFileSync(doubtOf(prefix), '');
  } catch {
    // If the disk cannot be written, the prefix cannot be recreated either.
  }
}

/** True if the prefix is marked as suspect. */
export const isDoubted = (prefix: string): boolean => existsSync(doubtOf(prefix));

/** Removes the mark, because a program has started in the prefix. */
export function trust(prefix: string): void {
  rmSync(doubtOf(prefix), { force: true });
}
