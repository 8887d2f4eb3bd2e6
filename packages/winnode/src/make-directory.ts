import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a directory and its missing parents, unless it exists.
 *
 * It does not use mkdirSync with `recursive: true`: Node 20 loops for ever if the parent exists
 * and the system still reports ENOENT, as it does for `/proc/x`.
 *
 * @throws the system's error: `EACCES`, `ENOTDIR`, `ENOENT`, `ENOSPC` and others.
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isThere = (each: string) => statSync(each, { throwIfNoEntry: false })?.isDirectory();
    if (code === 'EEXIST' && isThere(path)) return;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || isThere(above)) throw error;
    makeDirectory(above);
    makeDirectory(path);
  }
}
