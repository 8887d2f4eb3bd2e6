// Writes what each test did into the file that the plan names, by package.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const plan = JSON.parse(readFileSync(process.env.TEST_PLAN, 'utf8'));

const textOf = ({ stack, message, diff }) => {
  const text = stack?.includes(message) ? stack : `${message}\n${stack ?? ''}`;
  return stripVTControlCharacters(diff ? `${text}\n${diff}` : text);
};

function testResult(test) {
  const { state, errors = [], note } = test.result();
  const ms = Math.round(test.diagnostic()?.duration ?? 0);
  return {
    title: test.fullName,
    // One that a run did not get to, as after a failed beforeAll, or in a process that crashed.
    state: state === 'pending' ? 'failed' : state,
    ms,
    ...(note === undefined ? {} : { note }),
    ...(errors.length === 0 ? {} : { errors: errors.map(textOf) }),
  };
}

function* failedSuites(parent) {
  for (const child of parent.children) {
    if (child.type !== 'suite') continue;
    yield* child.errors();
    yield* failedSuites(child);
  }
}

export default class ResultsReporter {
  onTestRunEnd(modules, unhandled) {
    const byPath = new Map(modules.map((module) => [resolve(module.moduleId), module]));
    const isOf = (directory) => (error) => {
      const path = error.VITEST_TEST_PATH;
      return path === undefined || !relative(directory, path).startsWith('..');
    };
    const results = plan.packages.map(({ name, directory, files }) => ({
      name,
      // An error outside of all tests, such as a crash; one of an unknown file is everybody's.
      errors: unhandled.filter(isOf(directory)).map(textOf),
      files: files.map((file) => this.#file(file, byPath.get(resolve(join(directory, file))))),
    }));
    writeFileSync(plan.resultsFile, JSON.stringify(results));
  }

  #file(file, module) {
    if (module === undefined)
      return { file, lane: plan.lane, ms: 0, tests: [], errors: ['not run'] };
    const errors = [...module.errors(), ...failedSuites(module)].map(textOf);
    const isEnded = ['passed', 'failed', 'skipped'].includes(module.state());
    if (!isEnded) errors.push(`its process did not come to the end (${module.state()})`);
    const { duration, prepareDuration, collectDuration, setupDuration } = module.diagnostic();
    const ms = Math.round(duration + prepareDuration + collectDuration + setupDuration);
    const tests = [...module.children.allTests()].map(testResult);
    return { file, lane: plan.lane, ms, tests, errors };
  }
}
