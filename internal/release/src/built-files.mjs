// The files of a build that a package publishes.
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { publishedEntries } from './published.mjs';

/**
 * The built files that the published exports need: the release build with its source maps, and the
 * declarations. Paths are relative to the package. A file that is missing is included.
 *
 * @param {import('./published.mjs').Published} published
 * @returns {string[]}
 */
export function builtFiles({ directory, manifest }) {
  const shown = publishedEntries(manifest).map(([, target]) => target);
  const scripts = shown.map((target) => target.default).concat(manifest.releaseEntries ?? []);
  const code = reachable(directory, scripts, (file) => file);
  const types = reachable(
    directory,
    shown.map((target) => target.types),
    (file) => file.replace(/\.js$/, '.d.ts'),
  );
  const maps = code
    .map((file) => `${file}.map`)
    .filter((file) => existsSync(join(directory, file)));
  return [...code, ...maps, ...types];
}

const imports = /(?:\bfrom|\bimport|\bURL|\brequire)\s*\(?\s*["'](\.\.?\/[^"']+)["']/g;

/** The files, and those that they import or load by a relative path. */
function reachable(directory, entries, fileOf) {
  const found = new Set();
  const visit = (file) => {
    if (found.has(file)) return;
    found.add(file);
    if (!existsSync(join(directory, file))) return;
    for (const [, path] of readFileSync(join(directory, file), 'utf8').matchAll(imports)) {
      visit(`./${posix.join(posix.dirname(file), fileOf(path))}`);
    }
  };
  for (const entry of entries) visit(entry);
  return [...found];
}
