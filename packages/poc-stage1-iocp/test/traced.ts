import { startTrace, type TraceResult } from 'nt-trace';
import { compareWithStage1Table } from 'poc-kit';
import type { Stage1AcceptIocp } from 'poc-stage1-iocp';

/** Runs a function, and returns the trace of its NT calls. */
export function traced(run: () => void): TraceResult {
  const trace = startTrace();
  try {
    run();
  } finally {
    trace.stop();
  }
  return trace.stop();
}

/** Runs a stage that is broken on purpose. @returns the cells from which its trace differs. */
export function brokenCells(stage: Stage1AcceptIocp): string[] {
  const { records } = traced(() => {
    stage.run();
    stage.close();
  });
  return compareWithStage1Table(records, 'port')
    .filter(({ ok }) => !ok)
    .map(({ section, name, seen }) => `${section}: ${name} ${seen}`);
}
