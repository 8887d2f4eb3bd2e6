import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { guardOutput } from 'poc-kit';
import { WinnodeError } from 'winnode';
import {
  type CompareArguments,
  help,
  type RunArguments,
  readArguments,
  UsageError,
} from './arguments.js';
import { compare, compareReport } from './compare.js';
import { Interrupted } from './interruption.js';
import { report } from './report.js';
import type { Results } from './results.js';
import { runBench } from './run.js';
import { targetsOf, targetTable } from './targets.js';

function readResults(file: string): Results {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
  let results: Partial<Results> | null;
  try {
    results = JSON.parse(text) as Partial<Results> | null;
  } catch {
    throw new UsageError(`${file} is not JSON.`);
  }
  const lists = [results?.speed, results?.foreignCalls, results?.engine];
  if (results?.schema !== 1 || !lists.every(Array.isArray)) {
    throw new UsageError(`${file} is not a result file of this bench.`);
  }
  const { speed, neighbours = [] } = results as Results;
  const rows: readonly { label: string; ratios: readonly number[] }[] = [...speed, ...neighbours];
  const empty = rows.find(({ ratios }) => !ratios?.length || !ratios.every(Number.isFinite));
  if (empty === undefined) return results as Results;
  throw new UsageError(`${file} has a row without measurements: ${empty.label}.`);
}

function compareFiles({ before, after }: CompareArguments): number {
  const comparisons = compare(readResults(before), readResults(after));
  if (comparisons.length === 0)
    throw new UsageError('The two result files have no row in common, so nothing can be compared.');
  process.stdout.write(`${compareReport(comparisons)}\n`);
  const named = (wanted: string) =>
    comparisons.filter(({ verdict }) => verdict === wanted).map(({ what }) => what);
  const [slower, missing] = [named('slower'), named('missing')];
  process.stdout.write(
    slower.length === 0
      ? '\nNothing is slower by more than the noise.\n'
      : `\nSlower by more than the noise: ${slower.join('; ')}.\n`,
  );
  if (missing.length > 0) {
    process.stdout.write(`\nMissing in the second file: ${missing.join('; ')}.\n`);
  }
  return slower.length + missing.length === 0 ? 0 : 1;
}

async function measure(args: RunArguments): Promise<number> {
  const beganMs = performance.now();
  const seconds = () => Math.round((performance.now() - beganMs) / 1_000);
  const results = await runBench(args, (line) => {
    process.stderr.write(`${`${seconds()}`.padStart(4)} s  ${line}\n`);
  });
  const stamp = results.date.slice(0, 19).replace('T', '-').replaceAll(':', '');
  const file = resolve(args.output ?? join('bench-results', `${stamp}-${results.host.name}.json`));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  if (args.isForTargets) process.stdout.write(`${targetTable(targetsOf(results))}\n\n`);
  process.stdout.write(`${report(results)}\nWritten to ${file}, in ${seconds()} s.\n`);
  return results.notes.some((note) => note.includes('failed')) ? 1 : 0;
}

async function main(): Promise<number> {
  const args = readArguments(process.argv.slice(2));
  if (args.command === 'run') return measure(args);
  if (args.command === 'compare') return compareFiles(args);
  process.stdout.write(help);
  return 0;
}

guardOutput();

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  } else if (error instanceof Interrupted) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else if (error instanceof WinnodeError) {
    process.stderr.write(`${error.message}\n${error.hint}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
