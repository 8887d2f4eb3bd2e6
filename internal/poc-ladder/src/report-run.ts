import { join } from 'node:path';
import { type ReportedRung, writeReport } from '@tofu-nt/report';
import { isProven, isUnsupported, type Rung } from './ladder.js';

/** Where the page of a run is, from the working directory: the top, for whoever types npm start. */
export const reportFile = join('report', 'index.html');

/** A rung as the page wants it: with what verdict and exit code come to together. */
function reported(rung: Rung): ReportedRung {
  const isNeither = !isProven(rung) && !isUnsupported(rung);
  const outcome = isNeither ? 'failed' : isProven(rung) ? 'proven' : 'unsupported';
  return { ...rung, trace: rung.trace, outcome };
}

/**
 * Writes the page of a run. One that cannot be written is a line that says why: the verdicts are
 * there without it, and so the exit code is theirs.
 *
 * @returns a line for the console.
 */
export function reportRun(
  rungs: readonly Rung[],
  date: Date,
): { readonly line: string; readonly isWritten: boolean } {
  try {
    const path = writeReport({ rungs: rungs.map(reported), date, file: reportFile });
    return { line: `Report: ${path}`, isWritten: true };
  } catch (error) {
    const [why] = (error as Error).message.split('\n');
    return { line: `The report was not written; the verdicts stand. ${why}`, isWritten: false };
  }
}
