#!/usr/bin/env node
// run-tests <debug|release> [--siege] [vitest options]: tests the package in the working directory
// against one build. `*.test.ts` run in this Node, `*.win.test.ts` in Windows Node, through
// winnode. `*.release.*`, whose result does not depend on the build, run only against release.
// `*.siege.*`, which are long or random, run only with --siege, and then alone. A word that is not
// an option selects the files whose path contains it.
import { mendTemporaryDirectory } from '../src/mend-environment.mjs';
import { ignoreOutputSettings } from '../src/output-settings.mjs';
import { readRecord, removeRecord, verdictOf, writeRecord } from '../src/results.mjs';

const [build, ...options] = process.argv.slice(2);
if (build !== 'debug' && build !== 'release') {
  fail('Usage: run-tests <debug|release> [--siege] [vitest options]');
}
const isSiege = options[0] === '--siege';
const rest = isSiege ? options.slice(1) : options;
const isOption = (text, index) =>
  text.startsWith('-') || ['-t', '--testNamePattern'].includes(rest[index - 1]);
const vitestOptions = rest.filter(isOption);
const filters = rest.filter((text, index) => !isOption(text, index));
const isWhole = options.length === 0;
const directory = process.cwd();
const { TURBO_HASH: hash, TEST_RUN: run } = process.env;
mendTemporaryDirectory();
ignoreOutputSettings();

const done = isWhole ? alreadyRun() : undefined;
const record = done ?? (await runHere());
for (const { file, reason } of record.skippedFiles) {
  process.stdout.write(`SKIPPED ${record.name} ${file}: ${reason}\n`);
}
if (record.skippedFiles.length > 0) (await import('../src/host-facts.mjs')).noteSkippedRun();
const { passed, failed, skipped, failures } = verdictOf(record);
if (done !== undefined) for (const failure of failures) process.stderr.write(`\n${failure}\n`);
process.stdout.write(`${record.name} ${build}: ${passed} passed, ${failed} failed`);
process.stdout.write(skipped === 0 ? '\n' : `, ${skipped} skipped\n`);
for (const text of record.errors) process.stderr.write(`run-tests: ${text}\n`);
if (failures.length > 0) process.exitCode = 1;

function fail(message) {
  process.stderr.write(`run-tests: ${message}\n`);
  process.exit(1);
}

/**
 * `npm test` runs the tests of all packages at once; each package's task then reports its own
 * results.
 */
function alreadyRun() {
  if (run === undefined || hash === undefined) return undefined;
  const found = readRecord(directory, build);
  return found?.run === run && found.hash === hash ? found : undefined;
}

async function runHere() {
  // Loaded only here: as a task of `npm test` this program only prints results, thirty times.
  const { requireHostFacts } = await import('../src/host-facts.mjs');
  const { hostProfile } = await import('../src/host-profile.mjs');
  const { runPackages } = await import('../src/run-packages.mjs');
  const { testedPackage } = await import('../src/test-files.mjs');
  let facts;
  try {
    facts = requireHostFacts();
    await hostProfile(facts, build);
  } catch (error) {
    fail(error.message);
  }
  if (isWhole) removeRecord(directory, build);
  const own = testedPackage(directory, build, isSiege);
  const isChosen = (file) => filters.length === 0 || filters.some((text) => file.includes(text));
  const chosen = { ...own, host: own.host.filter(isChosen), windows: own.windows.filter(isChosen) };
  if (chosen.host.length + chosen.windows.length === 0) {
    const which = filters.length === 0 ? '' : ` with ${filters.join(' or ')} in its path`;
    fail(`${own.name} has no ${isSiege ? 'siege ' : ''}test file${which} that runs in this build.`);
  }
  const records = await runPackages([chosen], build, facts, { vitestOptions, isCalm: isSiege });
  const result = records.get(own.name);
  if (isWhole) writeRecord(directory, { ...result, hash, run });
  return result;
}
