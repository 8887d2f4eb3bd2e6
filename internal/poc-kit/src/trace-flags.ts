import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startTrace, type TraceResult, toTraceEvents } from 'nt-trace';
import { mostRecordedCalls, writeStageTrace } from './trace-records.js';
import { UsageError } from './usage-error.js';

/** The options for traces, which every stage accepts. */
export interface TraceFlags {
  /** Write a line for each NT call to standard error. */
  readonly isText: boolean;
  /** The output file for Perfetto, chrome://tracing and speedscope. */
  readonly file: string | undefined;
  /** The file for the first calls, for a report: used by the ladder, not by users. */
  readonly recordsFile?: string | undefined;
}

/** The flags by name, for messages. */
export const traceFlagNames = '--trace, --trace-file FILE';

const options = {
  trace: { type: 'boolean' },
  'trace-file': { type: 'string' },
  'trace-records': { type: 'string' },
} as const;

/**
 * Removes the trace flags from a command line.
 *
 * @returns the flags and the remaining arguments
 */
export function takeTraceFlags(args: readonly string[]): TraceFlags & { readonly rest: string[] } {
  const taken = new Set<number>();
  let isText = false;
  let file: string | undefined;
  let recordsFile: string | undefined;
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    if (token.name === 'trace' && token.value === undefined) isText = true;
    else if (token.name === 'trace-file') file = requireFile(token.name, token.value);
    else if (token.name === 'trace-records') recordsFile = requireFile(token.name, token.value);
    else continue;
    taken.add(token.index);
    if (token.name !== 'trace' && token.inlineValue === false) taken.add(token.index + 1);
  }
  return { isText, file, recordsFile, rest: args.filter((_, index) => !taken.has(index)) };
}

function requireFile(flag: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw new UsageError(`--${flag} needs the name of a file.`);
}

const isDiskFull = (error: unknown) =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Returns undefined if the disk is full: the stage then runs without a trace. */
function openFile(file: string): number | undefined {
  try {
    return openSync(file, 'w');
  } catch (error) {
    if (isDiskFull(error)) {
      sayNotWritten(file, error);
      return undefined;
    }
    throw new UsageError(`--trace-file: ${(error as Error).message}`);
  }
}

function sayNotWritten(file: string, error: unknown): void {
  const why = (error as Error).message;
  process.stderr.write(`The trace could not be written to ${file}: ${why}\n`);
}

/** Writes the whole file, or removes the file: a truncated file is invalid. Never throws. */
function writeWhole(opened: number, file: string, text: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(opened, bytes, sent);
    closeSync(opened);
  } catch (error) {
    sayNotWritten(file, error);
    removeCut(opened, file);
  }
}

function removeCut(opened: number, file: string): void {
  try {
    const isFile = fstatSync(opened).isFile();
    closeSync(opened);
    // A pipe or a device is not removed.
    if (isFile) rmSync(file, { force: true });
  } catch (error) {
    process.stderr.write(`The incomplete file could not be removed: ${(error as Error).message}\n`);
  }
}

/** A missing record file must not change the verdict of a stage. */
function writeRecords(file: string, result: TraceResult): void {
  try {
    writeStageTrace(file, result);
  } catch (error) {
    process.stderr.write(
      `The trace for the report could not be written: ${(error as Error).message}\n`,
    );
  }
}

/**
 * Runs a function, with a trace if the flags request one. It opens the file first, so that a wrong
 * path is reported before anything runs. If the disk is full, only the trace is lost.
 *
 * @param name the process name in the trace.
 * @throws {UsageError} if the file cannot be opened.
 */
export function withTrace<T>(flags: TraceFlags, name: string, work: () => T): T {
  const { isText, file, recordsFile } = flags;
  if (!isText && file === undefined && recordsFile === undefined) return work();
  const opened = file === undefined ? undefined : openFile(file);
  const few = recordsFile === undefined ? false : mostRecordedCalls;
  const trace = startTrace({ text: isText, keep: opened !== undefined || few });
  const finish = () => {
    const result = trace.stop();
    if (recordsFile !== undefined) writeRecords(recordsFile, result);
    if (opened === undefined || file === undefined) return;
    const events = toTraceEvents(result, { processName: name });
    writeWhole(opened, file, `${JSON.stringify(events)}\n`);
  };
  let isLater = false;
  try {
    const result = work();
    if (!(result instanceof Promise)) return result;
    isLater = true;
    return result.finally(finish) as T;
  } finally {
    if (!isLater) finish();
  }
}
