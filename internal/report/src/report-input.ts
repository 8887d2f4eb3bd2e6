import type { Results } from '@tofu-nt/bench';
import type { StageTrace, Verdict } from 'poc-kit';

/** The ladder's result of one stage in one build. */
export interface ReportedStage {
  readonly stage: string;
  readonly build: 'debug' | 'release';
  /** Undefined if the stage ended without a verdict. */
  readonly verdict: Verdict | undefined;
  readonly exitCode: number;
  readonly signal: string | null;
  /** The ladder's outcome from verdict and exit code. */
  readonly outcome: 'proven' | 'unsupported' | 'failed';
  /** Undefined if there is none: the process ended before it had written it. */
  readonly trace: StageTrace | undefined;
}

/** A finding of kb/FINDINGS.md. */
export interface ReportedFinding {
  /** For example `F03`. */
  readonly id: string;
  readonly title: string;
  /** Relative to the page of the report. */
  readonly href: string;
}

/** The shown part of a bench run. */
export type BenchFigures = Pick<Results, 'date' | 'notes'> & {
  readonly host: Pick<Results['host'], 'name' | 'cpu' | 'system'> & {
    readonly wine?: string | undefined;
    readonly windowsNode?: string | undefined;
  };
  readonly settings: Pick<Results['settings'], 'pairs' | 'seconds'>;
  readonly speed: readonly Pick<
    Results['speed'][number],
    'workload' | 'label' | 'ratios' | 'p99Ratios'
  >[];
};

/** The newest result of the bench, or the reason why there is none. */
export type ReportedBench =
  | { readonly file: string; readonly figures: BenchFigures }
  | { readonly note: string };

/** The input of a page. */
export interface ReportInput {
  /** The start of the run. */
  readonly date: Date;
  /** The facts of the host, by name. */
  readonly host: readonly (readonly [name: string, value: string])[];
  readonly results: readonly ReportedStage[];
  readonly findings: readonly ReportedFinding[];
  readonly bench: ReportedBench;
}
