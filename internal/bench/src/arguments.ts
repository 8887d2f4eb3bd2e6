import { parseArgs } from 'node:util';
import { subjects, targetSubjects } from './subjects.js';
import { effects, fairness, http, workloads } from './workloads.js';

/** The error of a wrong command line: the command prints its message and exits with code 2. */
export class UsageError extends Error {}

/** The options of a run: what is measured, and for how long. */
export interface RunArguments {
  readonly command: 'run';
  readonly pairs: number;
  readonly seconds: number;
  /** Ids of workloads, and of measurements of fairness and of effects. */
  readonly workloads: readonly string[];
  /** Measure only the figures for which tofu-reactor has targets. */
  readonly isForTargets: boolean;
  /** The subjects that are measured beside `node:net`; undefined: all of them. */
  readonly subjects: readonly string[] | undefined;
  /** The numbers of idle connections with which memory is measured. */
  readonly crowds: readonly number[];
  /** The numbers of registered sockets with which the engine's calls are measured. */
  readonly sockets: readonly number[];
  readonly isQuick: boolean;
  readonly isPinned: boolean;
  /**
   * The run has a time limit and may do fewer rounds; false if `--pairs` or `--seconds` is given.
   */
  readonly isLimited: boolean;
  readonly withRelay: boolean;
  readonly generator: 'c' | 'node' | undefined;
  /** The file for the results; undefined: a name from date and host. */
  readonly output: string | undefined;
}

/** The two result files to compare. */
export interface CompareArguments {
  readonly command: 'compare';
  readonly before: string;
  readonly after: string;
}

/** The text of `--help`. */
export const help = `pnpm bench [flags]                    measures everything, in at most 10 minutes
pnpm bench targets [flags]            compares tofu-reactor with its targets, in nine rounds
pnpm bench compare A.json B.json      lists what is slower or missing in B; exit code 1 if anything is

  --quick            a short run, for development: about three minutes
  --workload ID      only this: W1 to W6; F1 or F2 for fairness; D2, D6, S1 or S2 for effects of
                     and on others; H1 for HTTP (default: W and F; for targets: all but H1); may be given
                     again
  --subject NAME     only this subject and node-net; may be given several times
  --pairs NUMBER     the number of rounds (default: 7)
  --seconds NUMBER   the seconds of a round, per subject (default: 0.7)
  --relay            count NT calls through Wine's relay channel, too
  --generator NAME   the load generator: c or node (default: c where there is a compiler)
  --no-pin           do not pin the processes to one core
  --output FILE      the file for the results (default: bench-results/DATE-HOST.json)
  --help             this text
`;

function requireNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new UsageError(`--${flag} needs a number from ${least} to ${most}; got "${text}".`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        workload: { type: 'string', multiple: true },
        subject: { type: 'string', multiple: true },
        pairs: { type: 'string' },
        seconds: { type: 'string' },
        relay: { type: 'boolean', default: false },
        generator: { type: 'string' },
        'no-pin': { type: 'boolean', default: false },
        output: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    const [said] = (error as Error).message.split(/\.?(?:\n|$)|\. /);
    throw new UsageError(`${said}. See pnpm bench --help.`);
  }
}

/** @throws {UsageError} for an unknown command, option or value. */
export function readArguments(
  args: readonly string[],
): RunArguments | CompareArguments | { readonly command: 'help' } {
  const { values, positionals } = parse(args);
  if (values.help) return { command: 'help' };
  const [command, before, after, ...more] = positionals;
  if (command === 'compare') {
    if (before === undefined || after === undefined || more.length > 0) {
      throw new UsageError('compare needs two files: pnpm bench compare A.json B.json');
    }
    return { command: 'compare', before, after };
  }
  const isForTargets = command === 'targets' && before === undefined;
  if (command !== undefined && !isForTargets) {
    throw new UsageError(
      `Unknown command "${positionals.join(' ')}". The commands are targets and compare; see --help.`,
    );
  }
  const plainIds = [...workloads.map(({ id }) => id), ...Object.keys(fairness)];
  const ids = [...plainIds, ...Object.keys(effects)];
  const known = [...ids, ...Object.keys(http)];
  const unknown = values.workload?.find((id) => !known.includes(id));
  if (unknown !== undefined) {
    throw new UsageError(`--workload needs one of ${known.join(', ')}; got "${unknown}".`);
  }
  const noSubject = values.subject?.find((name) => !subjects.some((each) => each === name));
  if (noSubject !== undefined) {
    throw new UsageError(`--subject needs one of ${subjects.join(', ')}; got "${noSubject}".`);
  }
  const { generator, quick } = values;
  if (generator !== undefined && generator !== 'c' && generator !== 'node') {
    throw new UsageError(`--generator needs c or node; got "${generator}".`);
  }
  const usualPairs = isForTargets ? '9' : '7';
  const pairs = requireNumber('pairs', values.pairs ?? (quick ? '3' : usualPairs), 1, 1_000);
  if (!Number.isInteger(pairs))
    throw new UsageError(`--pairs needs a whole number; got "${pairs}".`);
  return {
    command: 'run',
    pairs,
    seconds: requireNumber('seconds', values.seconds ?? (quick ? '0.3' : '0.7'), 0.05, 600),
    workloads: values.workload ?? (isForTargets ? ids : plainIds),
    isForTargets,
    subjects: values.subject ?? (isForTargets ? targetSubjects : undefined),
    crowds: quick ? [1_000] : [1_000, 10_000],
    sockets: quick ? [1, 100, 1_000] : [1, 10, 100, 1_000, 10_000],
    isQuick: quick,
    isPinned: !values['no-pin'],
    isLimited: !isForTargets && values.pairs === undefined && values.seconds === undefined,
    withRelay: values.relay,
    generator,
    output: values.output,
  };
}
