import { startTrace, type TraceResult } from 'nt-trace';
import { compareWithStage1Table } from 'poc-kit';
import type { Stage1AcceptIocp } from 'poc-stage1-iocp';

/** What NT was asked while it ran. */
export function traced(run: () => void): TraceResult {
  const trace = startTrace();
  try {
    run();
  } finally {
    trace.stop();
  }
  return trace.stop();
}

/** The cells of the table that a stage broken on purpose does not keep. */
export function brokenCells(stage: Stage1AcceptIocp): string[] {
  const { records } = traced(() => {
    stage.run();
    stage.close();
  });
  return compareWithStage1Table(records, 'port')
    .filter(({ ok }) => !ok)
    .map(({ section, name, seen }) => `${section}: ${name} ${seen}`);
}
