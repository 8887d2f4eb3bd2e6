// Makes the directory that pnpm packs: `.work/package` in a package.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildProblem } from './build-state.mjs';
import { builtFiles } from './built-files.mjs';
import { readHome } from './home.mjs';
import { publishedManifest, publishedPackages, publishedPath } from './published.mjs';
import { publishedReadme } from './readme.mjs';

/**
 * Stages a package: its published manifest, its build, its types, README, LICENSE and changelog.
 *
 * @param {string} root of the repository.
 * @param {string} name of the package.
 * @param {string} [home] default: see `readHome`.
 * @returns {string} the staged directory; an earlier one is replaced.
 * @throws if the package is not built, or its sources were changed since; with what to do.
 */
export function stagePackage(root, name, home = readHome(root)) {
  const all = publishedPackages(root);
  const published = all.find((each) => each.name === name);
  if (published === undefined) throw new Error(`${name} is not a published package`);
  const { directory, manifest } = published;
  const problem = buildProblem(published);
  if (problem !== undefined) throw new Error(`${problem}. Build it: npm run setup`);
  const place = join(directory, manifest.publishConfig.directory);
  rmSync(place, { recursive: true, force: true });
  for (const file of builtFiles(published)) {
    write(place, publishedPath(file), builtText(directory, file));
  }
  for (const extra of manifest.files.filter((each) => each !== 'dist')) {
    cpSync(join(directory, extra), join(place, extra), { recursive: true, filter: () => true });
  }
  const readme = readFileSync(join(directory, 'README.md'), 'utf8');
  write(place, 'README.md', publishedReadme(readme, published, all, home, root));
  write(place, 'LICENSE', readFileSync(join(root, 'LICENSE'), 'utf8'));
  const changelog = join(directory, 'CHANGELOG.md');
  if (existsSync(changelog)) write(place, 'CHANGELOG.md', readFileSync(changelog, 'utf8'));
  const written = `${JSON.stringify(publishedManifest(published, all, home), null, 2)}\n`;
  write(place, 'package.json', written);
  return place;
}

function write(place, path, text) {
  mkdirSync(dirname(join(place, path)), { recursive: true });
  writeFileSync(join(place, path), text);
}

/** The text of a built file for npm: its paths fit the published places. */
function builtText(directory, file) {
  const text = readFileSync(join(directory, file), 'utf8');
  if (/\.d\.c?ts$/.test(file)) return text.replace(/^\/\/# sourceMappingURL=.*\n?/m, '');
  if (!file.endsWith('.map')) return text;
  // The map contains the sources, so these paths only name them.
  const map = JSON.parse(text);
  const sources = map.sources.map((path) => path.replace('../../src/', '../src/'));
  return JSON.stringify({ ...map, sources });
}
