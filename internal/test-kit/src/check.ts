import fc from 'fast-check';
import { Choices } from './choices.js';
import { replayLine } from './replay.js';
import { planRuns, type RunPlan } from './run-plan.js';

const ordinaryRuns = 100;

/**
 * Checks a fast-check property on random values. The seed is fixed, or the siege's. The message of
 * a failure ends with the line that repeats it. For an asynchronous property it returns a promise.
 *
 * @param runs the number of tested values in an ordinary run.
 */
export function checkProperty<T>(property: fc.IAsyncProperty<T>, runs?: number): Promise<void>;
export function checkProperty<T>(property: fc.IProperty<T>, runs?: number): void;
export function checkProperty<T>(
  property: fc.IAsyncProperty<T> | fc.IProperty<T>,
  runs = ordinaryRuns,
): Promise<void> | void {
  const { seed, runs: numRuns, path } = planRuns(runs);
  const parameters: fc.Parameters<T> = {
    seed,
    numRuns,
    reporter: requirePassed,
    ...(path === undefined ? {} : { path }),
  };
  return fc.assert(property as fc.IProperty<T>, parameters);
}

function requirePassed<T>(details: fc.RunDetails<T>): void {
  if (!details.failed) return;
  // Keeps only the number of the run. The path of shrinking cannot restore a list of commands, so a
  // repetition shrinks again.
  const [run = ''] = (details.counterexamplePath ?? '').split(':');
  const line = replayLine(details.seed, run);
  const { errorInstance: cause } = details;
  throw new Error(`${fc.defaultReportMessage(details)}\n${line}`, { cause });
}

/**
 * Runs a body several times, each time with different choices. A run depends only on the seed and
 * on its number, so a single run can be repeated.
 *
 * @param runs the number of runs in an ordinary run.
 * @returns the plan; `path` is set if a single run was requested.
 */
export function checkRuns(runs: number, body: (choices: Choices, run: number) => void): RunPlan {
  const plan = planRuns(runs);
  const [first, end] = rangeOf(plan);
  for (let run = first; run < end; run += 1) {
    try {
      body(choicesOf(plan.seed, run), run);
    } catch (cause) {
      throw replayable(cause, plan.seed, run);
    }
  }
  return plan;
}

/**
 * Runs a body several times as checkRuns does, asynchronously and several runs at a time. After a
 * failure no further run starts.
 *
 * @param workers the number of simultaneous runs.
 * @param body also gets the number of its worker, which no other run uses at the same time.
 * @throws the first failure, after all started runs have ended.
 */
export async function checkRunsAsync(
  runs: number,
  workers: number,
  body: (choices: Choices, run: number, worker: number) => Promise<void>,
): Promise<RunPlan> {
  const plan = planRuns(runs);
  const [first, end] = rangeOf(plan);
  let next = first;
  const failures: unknown[] = [];
  const workThrough = async (worker: number) => {
    while (next < end && failures.length === 0) {
      const run = next;
      next += 1;
      await body(choicesOf(plan.seed, run), run, worker).catch((cause) => {
        failures.push(replayable(cause, plan.seed, run));
      });
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => workThrough(worker)));
  if (failures.length > 0) throw failures[0];
  return plan;
}

/** The range of a plan's runs: the first, and the one after the last. */
function rangeOf({ path, runs }: RunPlan): [first: number, end: number] {
  return path === undefined ? [0, runs] : [Number(path), Number(path) + 1];
}

/** Adds the command that repeats the run to the message of a failure. */
function replayable(cause: unknown, seed: number, run: number): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${message}\n${replayLine(seed, run)}`, { cause });
}

/** The choices of one run; equal for the same seed and number. */
export function choicesOf(seed: number, run: number): Choices {
  return new Choices(Math.imul(seed, 0x9e37_79b1) + run);
}
