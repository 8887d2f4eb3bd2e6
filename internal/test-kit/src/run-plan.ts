/** The seed of every test outside the siege: each run is the same. */
const committedSeed = 20_261_122;

/** The number of runs of a random test, and its seed. */
export interface RunPlan {
  readonly seed: number;
  readonly runs: number;
  /** The path of a run relative to the seed; set if a single failure is repeated. */
  readonly path: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Plans a random test. By default: the committed seed and `runs` runs. The siege sets `SIEGE_SEED`
 * and `SIEGE_RUNS_FACTOR`. `REPLAY_SEED` and `REPLAY_PATH`, which the message of a failure
 * contains, take precedence over both.
 *
 * @throws {RangeError} for an invalid seed or factor.
 */
export function planRuns(runs: number, environment: Environment = process.env): RunPlan {
  const path = environment['REPLAY_PATH'] || undefined;
  const name = environment['REPLAY_SEED'] ? 'REPLAY_SEED' : 'SIEGE_SEED';
  const seed = readWhole(environment, name, committedSeed, [-(2 ** 31), 2 ** 31 - 1]);
  const factor = readWhole(environment, 'SIEGE_RUNS_FACTOR', 1, [1, 1_000_000]);
  if (path !== undefined && name !== 'REPLAY_SEED') {
    throw new RangeError('REPLAY_PATH is set without REPLAY_SEED; set both, as the failure said.');
  }
  return { seed, runs: runs * factor, path };
}

function readWhole(
  environment: Environment,
  name: string,
  ordinary: number,
  [least, most]: [number, number],
): number {
  const text = environment[name] || undefined;
  if (text === undefined) return ordinary;
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw new RangeError(`${name} is "${text}"; it must be a whole number, ${least} to ${most}.`);
  }
  return value;
}
