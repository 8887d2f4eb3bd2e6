// turbo decides by hashes, before any task runs, what need not run again. What it cannot see by
// itself, the Wine and the Nodes of this host, setup writes into a file that turbo hashes.
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeHost } from './winnode.mjs';

const file = fileURLToPath(new URL('../../../.host-facts.json', import.meta.url));

/** What can change the result of a test run without any file of the repository changing. */
export function currentFacts() {
  const ntdllx = new URL('../../../packages/ntdllx/package.json', import.meta.url);
  const koffi = JSON.parse(readFileSync(ntdllx, 'utf8')).dependencies.koffi;
  return { ...describeHost(), koffi };
}

function writtenFacts() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** At once, for tasks that run beside each other read it. */
function write(facts) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${JSON.stringify(facts, null, 2)}\n`);
  renameSync(own, file);
}

/** Writes the facts, if they changed. */
export function writeHostFacts() {
  const facts = currentFacts();
  const { skippedRun = '', ...written } = writtenFacts() ?? {};
  if (JSON.stringify(written) === JSON.stringify(facts)) return facts;
  write({ ...facts, skippedRun });
  return facts;
}

/** The facts, if the file says the truth; otherwise throws an error for people. */
export function requireHostFacts() {
  const facts = currentFacts();
  const { skippedRun: _, ...written } = writtenFacts() ?? {};
  if (JSON.stringify(written) === JSON.stringify(facts)) return facts;
  throw new Error(
    '.host-facts.json does not describe this host, so cached results may not hold here.\n' +
      'Run: npm run setup',
  );
}

/** Changes the file, and with it every hash: a run that skipped tests is never taken from cache. */
export function noteSkippedRun() {
  write({ ...writtenFacts(), skippedRun: randomUUID() });
}
