// The packages that users install, and the modules that each of them exports.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** In the order in which a reader meets them. */
export const published = [
  'tofu-reactor',
  'afd-poller',
  'tofu-sockets',
  'winnode',
  'nt-trace',
  'nt-findings',
  'nt-afd',
  'ntdllx',
];

/** Conditions of an export that name a file with the source's name. */
const fileOf = (entry) => (typeof entry === 'string' ? entry : (entry.types ?? entry.default));

/**
 * The modules of a package: what its package.json exports, apart from internals, as the name to
 * import and the source file.
 */
export function modulesOf(name) {
  const directory = join(root, 'packages', name);
  const { exports } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return Object.entries(exports)
    .filter(([path]) => !['./internal', './package.json'].includes(path))
    .map(([path, entry]) => ({
      name: path === '.' ? name : `${name}${path.slice(1)}`,
      source: join(directory, 'src', sourceOf(fileOf(entry))),
    }));
}

/** The source of a built file, below `src`. */
function sourceOf(file) {
  return file.replace(/^\.\/dist\/\w+\//, '').replace(/(\.d)?\.[cm]?[jt]s$/, '.ts');
}
