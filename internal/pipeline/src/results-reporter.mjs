// Writes the result of each test, by package, into the file that the plan names. If many packages
// run at once it also prints a line for each file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { isOfStart } from './run-again.mjs';

const plan = JSON.parse(readFileSync(process.env.TEST_PLAN, 'utf8'));

/** Stack frames in the test runner's packages: they do not help to find the error. */
const isOfRunner = (line) =>
  /^\s+at (.*\/node_modules\/|new Promise \(<anonymous>\))/.test(line.replaceAll('\\', '/'));

function textOf({ stack, message, diff }) {
  const text = stack?.includes(message) ? stack : `${message}\n${stack ?? ''}`;
  const lines = text.split('\n').filter((line) => !isOfRunner(line));
  return stripVTControlCharacters([...lines, ...(diff ? [diff] : [])].join('\n'));
}

function testResult(test) {
  const { state, errors = [], note } = test.result();
  const ms = Math.round(test.diagnostic()?.duration ?? 0);
  return {
    title: test.fullName,
    // A test that did not run, for example because its process crashed.
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

function fileResult(file, module) {
  const known = { file, nodeKind: plan.nodeKind };
  if (module === undefined) {
    return { ...known, isNotRun: true, ms: 0, tests: [], errors: ['the file was not run'] };
  }
  const errors = [...module.errors(), ...failedSuites(module)].map(textOf);
  if (!isEnded(module))
    errors.push(`the process ended before the tests had finished (${module.state()})`);
  const { duration, prepareDuration, collectDuration, setupDuration } = module.diagnostic();
  const ms = Math.round(duration + prepareDuration + collectDuration + setupDuration);
  return { ...known, ms, tests: [...module.children.allTests()].map(testResult), errors };
}

const isEnded = (module) => ['passed', 'failed', 'skipped'].includes(module.state());

const isOf = (directory, path) => !relative(directory, path).startsWith('..');

function printFile(module) {
  const { moduleId } = module;
  const { name, directory } = plan.packages.find((each) => isOf(each.directory, moduleId));
  const path = relative(directory, moduleId).replaceAll('\\', '/');
  const { ms, tests, errors } = fileResult(path, module);
  const count = (state) => tests.filter((test) => test.state === state).length;
  const seconds = `${(ms / 1000).toFixed(1)} s`;
  const counts = [`${count('passed')} passed`, `${count('failed')} failed`];
  if (count('skipped') > 0) counts.push(`${count('skipped')} skipped`);
  process.stdout.write(`${plan.nodeKind}: ${name} ${path}: ${counts.join(', ')}, ${seconds}\n`);
  for (const text of errors) process.stdout.write(`${text}\n`);
  for (const { title, errors: texts = [] } of tests) {
    if (texts.length > 0) process.stdout.write(`FAILED ${title}\n${texts.join('\n')}\n`);
  }
}

export default class ResultsReporter {
  onTestModuleEnd(module) {
    if (plan.isBrief) printFile(module);
  }

  onTestRunEnd(modules, unhandled) {
    const errors = unhandled.filter((error) => !isOfStart(error));
    const byPath = new Map(modules.map((module) => [resolve(module.moduleId), module]));
    const crashed = modules.filter((module) => !isEnded(module)).map(({ moduleId }) => moduleId);
    // An error outside of all tests. A crashed process does not report its file. The error then
    // counts for each file that did not finish; if there is none, every package fails.
    const placesOf = ({ VITEST_TEST_PATH: path }) => (path === undefined ? crashed : [path]);
    const isErrorOf = (directory) => (error) => {
      const places = placesOf(error);
      return places.length === 0 || places.some((path) => isOf(directory, path));
    };
    const results = plan.packages.map(({ name, directory, files }) => ({
      name,
      errors: errors.filter(isErrorOf(directory)).map(textOf),
      files: files.map((file) => fileResult(file, byPath.get(resolve(join(directory, file))))),
    }));
    writeFileSync(plan.resultsFile, JSON.stringify(results));
  }
}
