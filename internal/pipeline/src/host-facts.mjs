// turbo compares hashes to decide, before any task runs, which tasks it can take from its cache.
// It cannot see the versions of Wine and Node on this host. So setup writes them into a file that
// turbo hashes.
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeHost } from './winnode.mjs';

const file = fileURLToPath(new URL('../../../.host-facts.json', import.meta.url));

/**
 * The facts that can change the result of a test run although no file of the repository changes.
 */
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

/** Writes atomically, because parallel tasks read the file. */
function write(facts) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${JSON.stringify(facts, null, 2)}\n`);
  renameSync(own, file);
}

/** Writes the facts if they have changed. */
export function writeHostFacts() {
  const facts = currentFacts();
  const { skippedRun = '', ...written } = writtenFacts() ?? {};
  if (JSON.stringify(written) === JSON.stringify(facts)) return facts;
  write({ ...facts, skippedRun });
  return facts;
}

/** Returns the facts if the file matches the host; otherwise throws an error with instructions. */
export function requireHostFacts() {
  const facts = currentFacts();
  const { skippedRun: _, ...written } = writtenFacts() ?? {};
  if (JSON.stringify(written) === JSON.stringify(facts)) return facts;
  throw new Error(
    '.host-facts.json does not match this host, so cached test results may be wrong here.\n' +
      'Run: npm run setup',
  );
}

/**
 * Changes the file, and so the hash of every task: results with skipped tests are never taken from
 * the cache.
 */
export function noteSkippedRun() {
  write({ ...writtenFacts(), skippedRun: randomUUID() });
}
