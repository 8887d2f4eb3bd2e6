import { type Asked, parseArguments } from './arguments.js';
import { ProbeError, ProbeInterruptedError } from './errors.js';
import { findings } from './findings.js';
import { packageVersion } from './package.js';
import { findingsPage } from './page.js';
import { type FindingRow, type FindingsReport, probeFindings } from './probe-findings.js';
import { readObserved, record, writeWhole } from './record.js';
import {
  findingsJson,
  findingsMarkdown,
  isConfirmed,
  printedFinding,
  printedSummary,
  tableHead,
} from './report.js';

const help = `Usage: nt-findings probe [F06 ...] [--json | --markdown] [--record]
       nt-findings page [FILE]

probe runs the probe of each finding, or of those given by number, each in its own process. A probe calls
AFD and Winsock on loopback and compares the facts with those expected of this kernel. On Windows the
probes run in this Node, elsewhere in Windows Node through the package winnode. page writes FILE, or
standard output: the recorded facts of all kernels and the citations for Windows, as in kb/FINDINGS.md.

  --json      one JSON document with all results
  --markdown  a row to paste into kb/HOSTS.md, and a table of the findings
  --record    also writes the facts of this kernel to observed/KERNEL.json in the package nt-findings
  --help      this text
  --version   the version of nt-findings

Exit codes: 0 at least one finding holds, and none differs, crashed, failed or timed out; 1
otherwise, also if nothing could be probed; 2 wrong arguments; 141 the output pipe was closed; 128 +
the number of the signal that ended it.
`;

/** How this process is to end. */
export interface CommandEnd {
  /** The exit code; see {@link signal}. */
  readonly exitCode: number;
  /** The signal that ended it, or null. */
  readonly signal: NodeJS.Signals | null;
}

const say = (line: string) => process.stderr.write(`nt-findings: ${line}\n`);
const ended = (exitCode: number): CommandEnd => ({ exitCode, signal: null });

/** 128 + SIGPIPE: how a shell reports a program that ended because the reader of its output has gone. */
const brokenPipeExitCode = 141;
const output = { isWatched: false, hasReader: true };

/**
 * The reader of the output may exit early, as `head` does: the next finding is then not started.
 */
function watchOutput(): void {
  if (output.isWatched) return;
  output.isWatched = true;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (stream === process.stdout) output.hasReader = false;
    });
  }
}

async function probe({ form, ids, isRecorded }: Asked & { what: 'probe' }): Promise<number> {
  const out = process.stdout;
  let isFirst = true;
  const onFinding = (row: FindingRow) => {
    if (isFirst) out.write(tableHead);
    isFirst = false;
    out.write(printedFinding(row));
  };
  const report = await probeFindings({
    ids,
    onProgress: say,
    isUnwanted: () => !output.hasReader,
    ...(form === 'text' ? { onFinding } : {}),
  });
  if (form === 'json') out.write(findingsJson(report));
  else out.write(form === 'text' ? printedSummary(report) : findingsMarkdown(report));
  const isRecordedWell = !isRecorded || recorded(report);
  return isRecordedWell && isConfirmed(report) ? 0 : 1;
}

/**
 * Records the observations if all findings were probed. An error does not change the printed
 * result.
 */
function recorded(report: FindingsReport): boolean {
  if (report.problem !== null) {
    say('nothing was recorded: not every finding was probed.');
    return false;
  }
  return written(() => say(`recorded in ${record(report)}`));
}

/** Writes the page of findings, from the probes and the recorded observations. */
function page(file: string | undefined): boolean {
  const text = findingsPage(findings, readObserved());
  if (file !== undefined) return written(() => writeWhole(file, text));
  process.stdout.write(text);
  return true;
}

/** Writes a file; prints the error and returns false if that fails. */
function written(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    say(`nothing was written: ${message}`);
    return false;
  }
}

/** Runs the command line and returns how this process should end. */
export async function main(args: readonly string[]): Promise<CommandEnd> {
  watchOutput();
  try {
    const asked = parseArguments(args);
    if (asked.what === 'page') return ended(page(asked.file) ? 0 : 1);
    if (asked.what !== 'probe') {
      process.stdout.write(asked.what === 'help' ? help : `nt-findings ${packageVersion()}\n`);
      return ended(0);
    }
    const exitCode = await probe(asked);
    // Output may still be pending: an error of it arrives as an event.
    await new Promise((done) => setImmediate(done));
    return ended(output.hasReader ? exitCode : brokenPipeExitCode);
  } catch (error) {
    if (error instanceof ProbeInterruptedError) return error;
    if (!(error instanceof ProbeError)) throw error;
    process.stderr.write(`nt-findings: ${error.message}\n${error.hint}\n`);
    return ended(error.code === 'ERR_USAGE' ? 2 : 1);
  }
}
