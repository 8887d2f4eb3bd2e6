import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
/** Copies of the repository: on its own disk, where pnpm's store is. Git does not see them. */
const work = join(root, 'internal/new-stage/.work');

const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 });

/** Copies what git knows or would add, as a repository of its own. @returns where it is. */
export function copyRepository(name: string): string {
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

/** Brings over what was built, and what says on which host. */
export function copyBuilds(place: string): void {
  const built = ['packages', 'internal'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}/dist`),
  );
  const files = ['.host-facts.json', '.host-profile.json', 'node_modules/.setup-pnpm'];
  for (const path of [...built, ...files].filter((each) => existsSync(join(root, each)))) {
    cpSync(join(root, path), join(place, path), { recursive: true });
  }
}

/** What changed in a copy since it was made, one line for each file. */
export function changes(place: string): string {
  return git(place, 'status', '--porcelain', '--untracked-files=all', '--ignored');
}

export function removeCopy(place: string): void {
  rmSync(place, { recursive: true, force: true, maxRetries: 3 });
}
