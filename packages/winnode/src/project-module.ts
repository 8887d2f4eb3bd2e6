import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A module of the project in the working directory, or why there is none. */
export type ProjectModule =
  | { readonly url: string }
  | { readonly why: 'absent' | 'too old' | 'not built' };

/**
 * Looks for a module as the project's own programs would: the project's ntdllx is the one that they
 * use, and none that winnode brings (kb/decisions/D09).
 */
export function findProjectModule(packageName: string, subpath = ''): ProjectModule {
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  try {
    return { url: pathToFileURL(resolve(`${packageName}${subpath}`)).href };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return { why: 'too old' };
    if (code !== 'MODULE_NOT_FOUND') throw error;
    return { why: isThere(resolve, packageName) ? 'not built' : 'absent' };
  }
}

function isThere(resolve: (name: string) => string, packageName: string): boolean {
  try {
    resolve(`${packageName}/package.json`);
    return true;
  } catch {
    return false;
  }
}
