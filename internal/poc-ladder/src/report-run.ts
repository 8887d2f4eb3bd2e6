import { join } from 'node:path';
import { type ReportedStage, writeReport } from '@tofu-nt/report';
import { isProven, isUnsupported, type StageResult } from './ladder.js';

/**
 * The path of the page of a run, relative to the working directory: with npm start, the root of
 * the repository.
 */
export const reportFile = join('report', 'index.html');

/** A stage's result for the page, with the outcome from verdict and exit code. */
function reported(result: StageResult): ReportedStage {
  const isNeither = !isProven(result) && !isUnsupported(result);
  const outcome = isNeither ? 'failed' : isProven(result) ? 'proven' : 'unsupported';
  return { ...result, trace: result.trace, outcome };
}

/**
 * Writes the page of a run. If it cannot be written, the returned line says why; this does not
 * change the exit code, because the verdicts do not depend on the page.
 *
 * @returns a line for the console.
 */
export function reportRun(
  results: readonly StageResult[],
  date: Date,
): { readonly line: string; readonly isWritten: boolean } {
  try {
    const path = writeReport({ results: results.map(reported), date, file: reportFile });
    return { line: `Report: ${path}`, isWritten: true };
  } catch (error) {
    const [why] = (error as Error).message.split('\n');
    return {
      line: `The report could not be written; the verdicts are not affected. ${why}`,
      isWritten: false,
    };
  }
}
