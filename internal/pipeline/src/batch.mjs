// Before turbo runs the test tasks of a build, the packages whose results it does not have are tested
// together, with one start of vitest on the host and one in Windows Node, side by side. Each task then
// finds the results of its own hash, and passes or fails by them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireHostFacts } from './host-facts.mjs';
import { removeRecord, writeRecord } from './results.mjs';
import { runPackages } from './run-packages.mjs';
import { testedPackage } from './test-files.mjs';

/** The tasks of a `turbo run --dry=json` that are runs of tests: of which package and build. */
export function testTasks({ tasks }, root) {
  return tasks.flatMap(({ command, directory, hash, cache }) => {
    const [, build] = /^run-tests (debug|release)$/.exec(command) ?? [];
    if (build === undefined) return [];
    return [{ build, directory: join(root, directory), hash, isCached: cache.status === 'HIT' }];
  });
}

/** Whether what a `turbo run --dry=json` would build is built already, of these very sources. */
export function isBuilt({ tasks }) {
  const builds = tasks.filter(({ task, command }) => /^build:/.test(task) && /^\w/.test(command));
  return builds.every(({ cache }) => cache.status === 'HIT');
}

/** What every program needs of its environment, on Linux, macOS and Windows. */
const basics =
  /^(PATH|HOME|USER|LANG|LC_.+|TZ|SHELL|TERM|COLORTERM|CI|TMP|TEMP|DISPLAY|LD_LIBRARY_PATH|COMSPEC|PATHEXT|WINDIR|SYSTEMROOT|SYSTEMDRIVE|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES.*|USERPROFILE|HOMEDRIVE|HOMEPATH|NUMBER_OF_PROCESSORS|PROCESSOR_.+)$/i;

/**
 * The environment that turbo would give to the task: what is in its hash, what it passes on, and the
 * basics. Of anything else a result must not depend.
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
 * Tests what these tasks would test.
 *
 * @param tasks as `testTasks` gives them, of one build. @param root of the repository.
 * @param run names this run.
 * @returns whether each of them has its results.
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
  const options = { isBrief: true, areLanesParallel: true, env: taskEnvironment(root) };
  const records = await runPackages(packages, build, facts, options);
  let isComplete = true;
  for (const { name, directory, hash } of packages) {
    const record = records.get(name);
    if (!record.isLost) {
      writeRecord(directory, { ...record, hash, run });
      continue;
    }
    // What was lost with a vitest that ended early, its own task runs again, alone.
    process.stderr.write(`${name} ${build}: ${record.errors.join('; ')}\n`);
    isComplete = false;
  }
  return isComplete;
}
