// Checks that the builds of a package exist and are made from its present sources. The source maps
// of both builds contain the sources.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { publishedEntries } from './published.mjs';

/**
 * @param {import('./published.mjs').Published} published
 * @returns {string | undefined} what is wrong; undefined if both builds are there and fresh.
 */
export function buildProblem({ name, directory, manifest }) {
  const needed = publishedEntries(manifest)
    .flatMap(([, target]) => [target.types, target.default])
    .concat(manifest.releaseEntries ?? []);
  for (const file of needed) {
    if (!existsSync(join(directory, file))) return `${name} is not built: ${file} is missing`;
  }
  const sources = filesIn(join(directory, 'src')).filter((file) => /\.c?ts$/.test(file));
  for (const source of sources) {
    const built = join(directory, 'dist/debug', source.replace(/ts$/, 'js'));
    if (!existsSync(built)) return `${name} is not built: src/${source} is not in dist/debug`;
  }
  for (const build of ['debug', 'release']) {
    const changed = changedSource(join(directory, 'dist', build), directory);
    if (changed !== undefined) return `${name} was not built after ${changed} had changed`;
  }
  return undefined;
}

/** The first source whose text differs from the one in the source map of a built file. */
function changedSource(build, directory) {
  for (const file of filesIn(build).filter((each) => /\.c?js\.map$/.test(each))) {
    const { sources, sourcesContent = [] } = JSON.parse(readFileSync(join(build, file), 'utf8'));
    for (const [index, source] of sources.entries()) {
      const path = join(dirname(join(build, file)), source);
      const text = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
      if (text === undefined || text !== sourcesContent[index]) return relative(directory, path);
    }
  }
  return undefined;
}

function filesIn(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}
