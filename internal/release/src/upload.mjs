// Publishes tarballs. npm exchanges the identity of the workflow for the right to publish (trusted
// publishing), and adds the provenance.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readTarball } from './pack.mjs';

/** The first version of npm that supports trusted publishing. */
const leastNpm = [11, 5, 1];

const isWindows = process.platform === 'win32';

function npm(args, options) {
  return spawnSync('npm', args, { encoding: 'utf8', shell: isWindows, ...options });
}

/** @returns {string | undefined} why this npm cannot publish. */
export function npmProblem() {
  const version = npm(['--version']).stdout?.trim() ?? '';
  const parts = version.split('.').map(Number);
  const at = parts.findIndex((part, index) => part !== leastNpm[index]);
  if (at === -1 || parts[at] > leastNpm[at]) return undefined;
  return `npm ${version} cannot publish by trusted publishing. Run: npm install --global npm@11`;
}

/**
 * Publishes the tarballs of a directory, those that others need first. A version that the registry
 * has already is left out, so that an interrupted run can be repeated.
 *
 * @param {string} directory
 * @param {{ hasProvenance: boolean, say: (line: string) => void }} options without provenance: from
 *   a machine that is not a workflow, for the first publish of a name.
 * @throws at the first package that npm refuses.
 */
export function uploadAll(directory, { hasProvenance, say }) {
  const found = existsSync(directory) ? readdirSync(directory) : [];
  const files = found.filter((file) => file.endsWith('.tgz'));
  if (files.length === 0) throw new Error(`${directory} has no tarballs.`);
  for (const { name, version, file } of inOrder(files.map((each) => join(directory, each)))) {
    const seen = npm(['view', `${name}@${version}`, 'version', '--json']);
    if (seen.status === 0 && seen.stdout.includes(version)) {
      say(`${name} ${version} is published already`);
      continue;
    }
    const args = ['publish', file, '--access', 'public', `--provenance=${hasProvenance}`];
    const { status } = npm(args, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`npm rejected ${name} ${version}: see its output above.`);
    say(`${name} ${version} is published`);
  }
}

function inOrder(files) {
  const all = files.map((file) => readTarball(file));
  const sorted = [];
  const visit = (each) => {
    if (each === undefined || sorted.includes(each)) return;
    const { dependencies, peerDependencies } = each.manifest;
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) {
      visit(all.find(({ name }) => name === needed));
    }
    sorted.push(each);
  };
  for (const each of all) visit(each);
  return sorted;
}
