import { readFileSync, writeFileSync } from 'node:fs';
import { release, version } from 'node:os';
import type { TraceResult } from 'nt-trace';
import { wineVersion } from 'ntdllx/probe';

/** The trace of a stage's run, and the Windows version in which it ran. */
export interface StageTrace {
  readonly trace: TraceResult;
  /** Windows and its build, as the system reports them. */
  readonly windows: string;
  /** The Node of that process. */
  readonly windowsNode: string;
}

/**
 * The maximum number of calls in such a file. Recording every call of a longer stage would slow it
 * down.
 */
export const mostRecordedCalls = 4_000;

// JSON has no bigint. No other object in a trace has only this key.
const bigintName = '$bigint';

const isWine = () => process.platform === 'win32' && wineVersion() !== undefined;

/** Writes a trace for {@link readStageTrace}. @throws {Error} when the file cannot be written. */
export function writeStageTrace(file: string, trace: TraceResult): void {
  const written: StageTrace = {
    trace,
    // Wine's registry contains the Windows version at the creation of the prefix, which may differ
    // from the version that Wine reports.
    windows: isWine() ? release() : `${version()} ${release()}`,
    windowsNode: process.versions.node,
  };
  const text = JSON.stringify(written, (_, value) =>
    typeof value === 'bigint' ? { [bigintName]: String(value) } : value,
  );
  writeFileSync(file, text);
}

/**
 * Reads such a file.
 *
 * @throws {Error} if it does not exist or is truncated.
 */
export function readStageTrace(file: string): StageTrace {
  const read = JSON.parse(readFileSync(file, 'utf8'), (_, value) =>
    typeof value?.[bigintName] === 'string' ? BigInt(value[bigintName]) : value,
  ) as Partial<StageTrace> | null;
  if (!Array.isArray(read?.trace?.records))
    throw new Error(`${file} is not a trace file: it has no list of records. Was it truncated?`);
  return read as StageTrace;
}
