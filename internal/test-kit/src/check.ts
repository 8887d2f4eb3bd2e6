import fc from 'fast-check';
import { Choices } from './choices.js';
import { replayLine } from './replay.js';
import { planRuns, type RunPlan } from './run-plan.js';

const ordinaryRuns = 100;

/**
 * Checks a property of fast-check on random values. The seed is fixed, or is the siege's; a failure
 * ends with the line that runs it again. An asynchronous property gives a promise.
 *
 * @param runs how many values are tried in an ordinary run.
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
  // The run alone: how it was shrunk is not enough to find a list of commands again, so it is shrunk
  // once more.
  const [run = ''] = (details.counterexamplePath ?? '').split(':');
  const line = replayLine(details.seed, run);
  const { errorInstance: cause } = details;
  throw new Error(`${fc.defaultReportMessage(details)}\n${line}`, { cause });
}

/**
 * Runs a body again and again, each time with choices of its own. What one run does depends on the
 * seed and on the number of the run alone, so that one of them can be run again by itself.
 *
 * @param runs how often in an ordinary run.
 * @returns what was planned; `path` is set where one run alone was asked for.
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
 * The same for runs that wait, several at a time. After a failure no further run begins.
 *
 * @param lanes how many at a time.
 * @param body gets the number of its lane as well: no other run is in it meanwhile.
 * @throws the first failure, once the runs that had begun are over.
 */
export async function checkRunsAsync(
  runs: number,
  lanes: number,
  body: (choices: Choices, run: number, lane: number) => Promise<void>,
): Promise<RunPlan> {
  const plan = planRuns(runs);
  const [first, end] = rangeOf(plan);
  let next = first;
  const failures: unknown[] = [];
  const workThrough = async (lane: number) => {
    while (next < end && failures.length === 0) {
      const run = next;
      next += 1;
      await body(choicesOf(plan.seed, run), run, lane).catch((cause) => {
        failures.push(replayable(cause, plan.seed, run));
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => workThrough(lane)));
  if (failures.length > 0) throw failures[0];
  return plan;
}

/** The numbers of the runs of a plan: the first, and the one after the last. */
function rangeOf({ path, runs }: RunPlan): [first: number, end: number] {
  return path === undefined ? [0, runs] : [Number(path), Number(path) + 1];
}

/** A failure with the line that runs it again. */
function replayable(cause: unknown, seed: number, run: number): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${message}\n${replayLine(seed, run)}`, { cause });
}

/** The choices of one run: the same for the same seed and number. */
export function choicesOf(seed: number, run: number): Choices {
  return new Choices(Math.imul(seed, 0x9e37_79b1) + run);
}
