import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory, and those above it that are not there. Nothing where it is there already.
 *
 * Not by `recursive: true` of mkdirSync: Node 20 asks for ever where the directory above is there and the
 * system says ENOENT all the same, as it does for `/proc/x`.
 *
 * @throws what the system says: `EACCES`, `ENOTDIR`, `ENOENT`, `ENOSPC` and the like.
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
