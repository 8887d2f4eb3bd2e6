/** A stage that runs to a verdict. */
export interface RunningStage {
  run(): {
    readonly verdict: string;
    readonly checks: readonly {
      readonly name: string;
      readonly seen: string;
      readonly ok: boolean;
    }[];
  };
  close(): void;
}

/**
 * Runs a stage that is broken on purpose, and closes it.
 *
 * @returns the failed checks, each with the observed value.
 * @throws {Error} if its verdict is not `failed`.
 */
export function failedChecks(stage: RunningStage): string[] {
  try {
    const { verdict, checks } = stage.run();
    if (verdict !== 'failed')
      throw new Error(
        `The verdict of a stage that is broken on purpose must be failed, but is ${verdict}.`,
      );
    return checks.filter(({ ok }) => !ok).map(({ name, seen }) => `${name}: ${seen}`);
  } finally {
    stage.close();
  }
}
