// The packages that go to npm, and the manifest that each has there.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Published
 * @property {string} name
 * @property {string} path its directory, from the top of the repository.
 * @property {string} directory the same, absolute.
 * @property {Record<string, any>} manifest its package.json in the repository.
 */

/**
 * The published packages: those in `packages` that are not private. A package comes after the
 * packages that it needs.
 *
 * @param {string} root of the repository.
 * @returns {Published[]}
 */
export function publishedPackages(root) {
  const all = readdirSync(join(root, 'packages'))
    .map((name) => ({ path: `packages/${name}`, directory: join(root, 'packages', name) }))
    .map((place) => {
      const manifest = JSON.parse(readFileSync(join(place.directory, 'package.json'), 'utf8'));
      return { name: manifest.name, ...place, manifest };
    })
    .filter(({ manifest }) => manifest.private !== true);
  const sorted = [];
  const visit = (name) => {
    const found = all.find((each) => each.name === name);
    if (found === undefined || sorted.includes(found)) return;
    const { dependencies, peerDependencies } = found.manifest;
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) visit(needed);
    sorted.push(found);
  };
  for (const { name } of all) visit(name);
  return sorted;
}

/**
 * The published subpaths that have files, with the files. The subpath `internal` is for the tests
 * of this repository.
 *
 * @param {Published['manifest']} manifest
 * @returns {[subpath: string, target: { types: string, default: string }][]}
 */
export function publishedEntries({ exports }) {
  return Object.entries(exports).filter(
    ([subpath, target]) => subpath !== './internal' && typeof target !== 'string',
  );
}

/** Where a built file is in a published package: types in a place of their own, one build. */
const places = [
  [/^\.\/dist\/debug\/(.+\.d\.c?ts)$/, './types/$1'],
  [/^\.\/dist\/release\/(.+)$/, './dist/$1'],
];

/** @param {string} target a path of the repository's manifest, such as `./dist/release/index.js` */
export function publishedPath(target) {
  const place = places.find(([pattern]) => pattern.test(target));
  return place === undefined ? target : target.replace(...place);
}

function publishedExports(manifest) {
  const entries = publishedEntries(manifest).map(([subpath, { types, default: file }]) => {
    return [subpath, { types: publishedPath(types), default: publishedPath(file) }];
  });
  return { ...Object.fromEntries(entries), './package.json': './package.json' };
}

/** In the repository each dependency has one version; a user gets a compatible range. */
function publishedRanges(ranges, versions) {
  const entries = Object.entries(ranges ?? {}).map(([name, range]) => {
    const version = range.startsWith('workspace:') ? versions.get(name) : range;
    return [name, `^${version}`];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function addresses(home, path) {
  if (home === '') return {};
  return {
    repository: { type: 'git', url: `git+${home}.git`, directory: path },
    homepage: `${home}/tree/main/${path}#readme`,
    bugs: { url: `${home}/issues` },
  };
}

/**
 * The manifest of a package on npm. It has neither scripts nor development dependencies.
 *
 * @param {Published} published @param {Published[]} all
 * @param {string} home see `readHome`.
 */
export function publishedManifest({ path, manifest }, all, home) {
  const versions = new Map(all.map(({ name, manifest: { version } }) => [name, version]));
  const { sideEffects, dependencies, peerDependencies } = manifest;
  const result = {
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    keywords: manifest.keywords,
    license: manifest.license,
    ...addresses(home, path),
    type: manifest.type,
    engines: manifest.engines,
    sideEffects: Array.isArray(sideEffects) ? sideEffects.map(publishedPath) : sideEffects,
    files: [...manifest.files, 'types', 'CHANGELOG.md'].sort(),
    bin: manifest.bin,
    exports: publishedExports(manifest),
    dependencies: publishedRanges(dependencies, versions),
    peerDependencies: publishedRanges(peerDependencies, versions),
    peerDependenciesMeta: manifest.peerDependenciesMeta,
    publishConfig: { access: 'public', provenance: true },
  };
  return JSON.parse(JSON.stringify(result));
}
