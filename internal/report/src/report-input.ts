import type { Results } from '@tofu-nt/bench';
import type { StageTrace, Verdict } from 'poc-kit';

/** One stage in one build, as the ladder saw it. */
export interface ReportedRung {
  readonly stage: string;
  readonly build: 'debug' | 'release';
  /** Undefined when the stage ended without one. */
  readonly verdict: Verdict | undefined;
  readonly exitCode: number;
  readonly signal: string | null;
  /** What the ladder made of verdict and exit code together. */
  readonly outcome: 'proven' | 'unsupported' | 'failed';
  /** Undefined when there is none: the process ended before it could write it. */
  readonly trace: StageTrace | undefined;
}

/** A finding of kb/FINDINGS.md. */
export interface ReportedFinding {
  /** Such as `F03`. */
  readonly id: string;
  readonly title: string;
  /** From the page of the report. */
  readonly href: string;
}

/** What of a run of the bench is shown. */
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

/** The newest file of the bench, or why there are no figures. */
export type ReportedBench =
  | { readonly file: string; readonly figures: BenchFigures }
  | { readonly note: string };

/** All that a page is made of. */
export interface ReportInput {
  /** When the run began. */
  readonly date: Date;
  /** What is known of the host, by name. */
  readonly host: readonly (readonly [name: string, value: string])[];
  readonly rungs: readonly ReportedRung[];
  readonly findings: readonly ReportedFinding[];
  readonly bench: ReportedBench;
}
