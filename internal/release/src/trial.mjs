// A copy of the clone in which a dry run makes the next versions and their changelogs.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishedPackages } from './published.mjs';

/**
 * Clones the repository with the builds of the published packages, and applies the changesets
 * that wait there.
 *
 * @param {string} root of the repository.
 * @returns {{ place: string, remove: () => void }} the caller calls `remove`.
 */
export function tryVersions(root) {
  const place = mkdtempSync(join(tmpdir(), 'release-'));
  const remove = () => rmSync(place, { recursive: true, force: true, maxRetries: 3 });
  try {
    execute('git', ['clone', '--quiet', '--shared', root, place], root);
    for (const { path } of publishedPackages(root)) {
      cpSync(join(root, path, 'dist'), join(place, path, 'dist'), {
        recursive: true,
        filter: () => true,
      });
    }
    symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'), 'junction');
    execute(
      process.execPath,
      [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'],
      place,
    );
    return { place, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function execute(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

/**
 * The newest section of a changelog, with its heading.
 *
 * @param {string} file
 */
export function newestChanges(file) {
  const [, section = ''] =
    /^(## [\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(readFileSync(file, 'utf8')) ?? [];
  return section.trim();
}
