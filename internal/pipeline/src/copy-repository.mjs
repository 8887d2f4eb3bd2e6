// Copies of the repository, for tests that change files or need the packages of another host.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
/** The directory for copies: on the repository's disk, where pnpm's store is. Git ignores it. */
const work = join(root, 'internal/pipeline/.work');

/** @param {string} cwd @param {string[]} args */
const git = (cwd, ...args) =>
  execFileSync('git', args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 });

/**
 * Copies all files that git tracks or would add, into a repository of its own. It replaces an
 * existing copy of that name.
 *
 * @param {string} name
 * @returns {string} its path.
 */
export function copyRepository(name) {
  const place = join(work, name);
  removeCopy(place);
  for (const file of git(root, 'ls-files', '-co', '--exclude-standard').split('\n')) {
    if (file === '' || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(place, file)), { recursive: true });
    copyFileSync(join(root, file), join(place, file));
  }
  git(place, 'init', '--quiet');
  git(place, 'add', '--all');
  const author = ['-c', 'user.name=copy', '-c', 'user.email=copy@localhost'];
  git(place, ...author, 'commit', '--quiet', '--no-verify', '--no-gpg-sign', '-m', 'copy');
  return place;
}

/**
 * Copies the builds and the host facts.
 *
 * @param {string} place
 */
export function copyBuilds(place) {
  const built = ['packages', 'internal'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}/dist`),
  );
  const files = ['.host-facts.json', '.host-profile.json', 'node_modules/.setup-pnpm'];
  for (const path of [...built, ...files].filter((each) => existsSync(join(root, each)))) {
    cpSync(join(root, path), join(place, path), { recursive: true, filter: () => true });
  }
}

/**
 * The changes in a copy since it was created, one line for each file.
 *
 * @param {string} place
 */
export function changes(place) {
  return git(place, 'status', '--porcelain', '--untracked-files=all', '--ignored');
}

/** @param {string} place */
export function removeCopy(place) {
  rmSync(place, { recursive: true, force: true, maxRetries: 3 });
}
