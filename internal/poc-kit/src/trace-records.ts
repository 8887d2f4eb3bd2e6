import { readFileSync, writeFileSync } from 'node:fs';
import { release, version } from 'node:os';
import type { TraceResult } from 'nt-trace';
import { wineVersion } from 'ntdllx/probe';

/** The trace of a stage's run, and in which Windows it ran. */
export interface StageTrace {
  readonly trace: TraceResult;
  /** Windows and its build, as the system calls itself. */
  readonly windows: string;
  /** The Node of that process. */
  readonly windowsNode: string;
}

/**
 * How many calls such a file holds at the most. A stage in which there are more is not slowed down by
 * a trace of all of them.
 */
export const mostRecordedCalls = 4_000;

// JSON has no bigint; nothing else in a trace is an object with this one name.
const bigintName = '$bigint';

const isWine = () => process.platform === 'win32' && wineVersion() !== undefined;

/** Writes a trace for {@link readStageTrace}. @throws {Error} when the file cannot be written. */
export function writeStageTrace(file: string, trace: TraceResult): void {
  const written: StageTrace = {
    trace,
    // Wine's registry names the Windows that it was when the prefix was made, and not what it acts as.
    windows: isWine() ? release() : `${version()} ${release()}`,
    windowsNode: process.versions.node,
  };
  const text = JSON.stringify(written, (_, value) =>
    typeof value === 'bigint' ? { [bigintName]: String(value) } : value,
  );
  writeFileSync(file, text);
}

/** Reads such a file. @throws {Error} when there is none, or when it is cut short. */
export function readStageTrace(file: string): StageTrace {
  const read = JSON.parse(readFileSync(file, 'utf8'), (_, value) =>
    typeof value?.[bigintName] === 'string' ? BigInt(value[bigintName]) : value,
  ) as Partial<StageTrace> | null;
  if (!Array.isArray(read?.trace?.records)) throw new Error(`${file} holds no trace.`);
  return read as StageTrace;
}
