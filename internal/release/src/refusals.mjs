// The reasons to reject a release. Each is one line, and says what to do.
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
  if (commit === undefined) return 'This directory is not a git clone. A release needs a commit.';
  if (changes.length > 0) {
    return `There are ${changes.length} local changes, such as "${changes[0]}". Commit them.`;
  }
  const build = publishedPackages(root)
    .map((each) => buildProblem(each))
    .find((problem) => problem !== undefined);
  if (build !== undefined) return `${build}. Run: npm test`;
  const gate = gateProblem(root, commit);
  if (gate !== undefined) return `${gate}. Run: npm test`;
  if (isDry) return undefined;
  if (readHome(root) === '') {
    return 'The repository has no public address. Set "repository" in the package.json at the top.';
  }
  const waiting = waitingChangesets(root).length;
  if (waiting === 0) return undefined;
  return `There are ${waiting} unreleased changesets. Run: pnpm changeset version; commit it; npm test`;
}
