// Why a release is refused. Each reason is one line, with what to do.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildProblem } from './build-state.mjs';
import { gateProblem, readTree } from './gate.mjs';
import { readHome } from './home.mjs';
import { publishedPackages } from './published.mjs';

/** The changesets that no version contains yet. */
export function waitingChangesets(root) {
  const files = readdirSync(join(root, '.changeset'));
  return files.filter((file) => file.endsWith('.md') && file !== 'README.md').sort();
}

/**
 * @param {string} root of the repository.
 * @param {{ isDry: boolean }} options a dry run needs no public home, and applies changesets itself.
 * @returns {string | undefined} the first reason to refuse.
 */
export function refusal(root, { isDry }) {
  const { commit, changes } = readTree(root);
  if (commit === undefined) return 'This is not a clone: a release is made of a commit.';
  if (changes.length > 0) {
    return `The working tree has ${changes.length} changes, such as "${changes[0]}". Commit them.`;
  }
  const build = publishedPackages(root)
    .map((each) => buildProblem(each))
    .find((problem) => problem !== undefined);
  if (build !== undefined) return `${build}. Run: npm test`;
  const gate = gateProblem(root, commit);
  if (gate !== undefined) return `The gate is not green: ${gate}. Run: npm test`;
  if (isDry) return undefined;
  if (readHome(root) === '') {
    return 'The repository has no public home: set "repository" in package.json at the top.';
  }
  const waiting = waitingChangesets(root).length;
  if (waiting === 0) return undefined;
  return `${waiting} changesets wait. Run: pnpm changeset version; commit it; npm test`;
}
