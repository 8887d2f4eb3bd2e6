// Before turbo runs the test tasks of a build, this tests all packages without cached results
// together, with one start of vitest on the host and one in Windows Node in parallel. Each task
// then finds the results for its own hash, and passes or fails accordingly.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireHostFacts } from './host-facts.mjs';
import { removeRecord, writeRecord } from './results.mjs';
import { runPackages } from './run-packages.mjs';
import { testedPackage } from './test-files.mjs';

/** The test tasks of a `turbo run --dry=json`, with the package and the build of each. */
export function testTasks({ tasks }, root) {
  return tasks.flatMap(({ command, directory, hash, cache }) => {
    const [, build] = /^run-tests (debug|release)$/.exec(command) ?? [];
    if (build === undefined) return [];
    return [{ build, directory: join(root, directory), hash, isCached: cache.status === 'HIT' }];
  });
}

/** Whether all builds of a `turbo run --dry=json` exist already, for the current sources. */
export function isBuilt({ tasks }) {
  const builds = tasks.filter(({ task, command }) => /^build:/.test(task) && /^\w/.test(command));
  return builds.every(({ cache }) => cache.status === 'HIT');
}

/** Variables that every program needs, on Linux, macOS and Windows. */
const basics =
  /^(PATH|HOME|USER|LANG|LC_.+|TZ|SHELL|TERM|COLORTERM|CI|TMP|TEMP|DISPLAY|LD_LIBRARY_PATH|COMSPEC|PATHEXT|WINDIR|SYSTEMROOT|SYSTEMDRIVE|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES.*|USERPROFILE|HOMEDRIVE|HOMEPATH|NUMBER_OF_PROCESSORS|PROCESSOR_.+)$/i;

/**
 * The environment that turbo would give to the task: the variables in the task's hash, those that
 * turbo passes on, and the basics. A result must not depend on any other variable.
 */
export function taskEnvironment(root, env = process.env) {
  const { globalEnv, globalPassThroughEnv } = JSON.parse(
    readFileSync(join(root, 'turbo.json'), 'utf8'),
  );
  const named = new Set([...globalEnv, ...globalPassThroughEnv]);
  const isPassed = ([name]) => named.has(name) || basics.test(name);
  return Object.fromEntries(Object.entries(env).filter(isPassed));
}

/**
 * Runs the tests of these tasks.
 *
 * @param tasks from `testTasks`, of one build. @param root of the repository.
 * @param run names this run.
 * @returns whether each task has its results.
 */
export async function runBatch(tasks, root, run) {
  if (tasks.length === 0) return true;
  const [{ build }] = tasks;
  const facts = requireHostFacts();
  const packages = tasks.map(({ directory, hash }) => ({
    ...testedPackage(directory, build),
    hash,
  }));
  for (const { directory } of packages) removeRecord(directory, build);
  const options = { isBrief: true, isParallel: true, env: taskEnvironment(root) };
  const records = await runPackages(packages, build, facts, options);
  let isComplete = true;
  for (const { name, directory, hash } of packages) {
    const record = records.get(name);
    if (!record.isLost) {
      writeRecord(directory, { ...record, hash, run });
      continue;
    }
    // If vitest ended early, the task itself runs the lost tests again, alone.
    process.stderr.write(`${name} ${build}: ${record.errors.join('; ')}\n`);
    isComplete = false;
  }
  return isComplete;
}
