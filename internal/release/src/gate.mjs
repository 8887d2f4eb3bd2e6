// The condition of a release: `npm test` passed on the released commit, without local changes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const recordFile = (root) => join(root, '.test-results', 'gate.json');

function git(root, ...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/**
 * @param {string} root of the repository.
 * @returns {{ commit: string | undefined, changes: string[] }} without a commit outside of git.
 */
export function readTree(root) {
  const changes = git(root, 'status', '--porcelain') ?? '';
  return {
    commit: git(root, 'rev-parse', 'HEAD'),
    changes: changes.split('\n').filter((line) => line !== ''),
  };
}

/**
 * Removes the record of an earlier run of `npm test`.
 *
 * @param {string} root of the repository.
 * @returns {ReturnType<typeof readTree>} for {@link recordGate}
 */
export function beginGate(root) {
  rmSync(recordFile(root), { force: true });
  return readTree(root);
}

/**
 * Records the result of `npm test`, if it ran on one commit without local changes.
 *
 * @param {string} root of the repository.
 * @param {ReturnType<typeof readTree>} before from {@link beginGate}
 * @param {boolean} isGreen
 */
export function recordGate(root, before, isGreen) {
  const after = readTree(root);
  const isOneCommit = before.commit !== undefined && before.commit === after.commit;
  if (!isOneCommit || before.changes.length > 0 || after.changes.length > 0) return;
  const record = { commit: after.commit, isGreen, node: process.version };
  mkdirSync(dirname(recordFile(root)), { recursive: true });
  writeFileSync(recordFile(root), `${JSON.stringify(record)}\n`);
}

/**
 * @param {string} root of the repository. @param {string} commit
 * @returns {string | undefined} why the gate is not green for this commit.
 */
export function gateProblem(root, commit) {
  const short = commit.slice(0, 8);
  if (!existsSync(recordFile(root))) return `npm test did not run on commit ${short}`;
  const record = JSON.parse(readFileSync(recordFile(root), 'utf8'));
  if (record.commit !== commit) {
    return `npm test ran on commit ${record.commit.slice(0, 8)}, not on ${short}`;
  }
  return record.isGreen ? undefined : `npm test failed on commit ${short}`;
}
