// Checks that the builds of a package exist and are made from its present sources. The source maps
// of both builds contain the sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { builtFiles } from './built-files.mjs';

/**
 * @param {import('./published.mjs').Published} published
 * @returns {string | undefined} what is wrong; undefined if both builds are there and fresh.
 */
export function buildProblem(published) {
  const { name, directory } = published;
  const packed = builtFiles(published);
  const missing = packed.find((file) => !existsSync(join(directory, file)));
  if (missing !== undefined) return `${name} is not built: ${missing} is missing`;
  const sources = filesIn(join(directory, 'src')).filter((file) => /\.c?ts$/.test(file));
  for (const source of sources) {
    const built = join(directory, 'dist/debug', source.replace(/ts$/, 'js'));
    if (!existsSync(built)) return `${name} is not built: src/${source} is not in dist/debug`;
  }
  const maps = filesIn(join(directory, 'dist')).filter((file) => /\.c?js\.map$/.test(file));
  for (const map of maps) {
    const isPacked = packed.some((file) => posix.join('dist', map) === mapOf(file));
    const problem = sourceProblem(join(directory, 'dist', map), directory, isPacked);
    if (problem !== undefined) return `${name} ${problem}`;
  }
  return undefined;
}

/** The source map of a built file, or of the code that belongs to a declaration. */
const mapOf = (file) => `${posix.normalize(file).replace(/\.d\.(c?)ts$/, '.$1js')}.map`;

/**
 * Compares the sources in a source map with the present ones. The compiler does not remove what it
 * made of a removed source. Such a file does no harm unless it is packed.
 */
function sourceProblem(map, directory, isPacked) {
  const { sources, sourcesContent = [] } = JSON.parse(readFileSync(map, 'utf8'));
  for (const [index, source] of sources.entries()) {
    const path = join(dirname(map), source);
    const shown = relative(directory, path);
    if (existsSync(path)) {
      if (readFileSync(path, 'utf8') !== sourcesContent[index]) {
        return `was not built after ${shown} had changed`;
      }
    } else if (isPacked) {
      return `was not built after ${shown} was removed`;
    }
  }
  return undefined;
}

function filesIn(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}
