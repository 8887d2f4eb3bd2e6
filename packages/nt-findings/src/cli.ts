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

A finding is an observed behaviour of NT's socket driver AFD.

probe checks every finding, or those given by number, on this machine. Each runs in its own process: it
calls AFD and Winsock on loopback, and compares the observed facts with the expected ones. On Windows it
uses this Node, elsewhere Windows Node through the package winnode.
page writes the page of all findings to FILE or standard output: the recorded facts of each kernel, and
the citations for Windows. kb/FINDINGS.md is this page.

  --json      one JSON document with all results
  --markdown  a row to paste into kb/HOSTS.md, and a table of the findings
  --record    also writes the facts of this kernel to observed/KERNEL.json in the package nt-findings
  --help      this text
  --version   the version of nt-findings

Exit codes:
  0    probe: at least one finding holds, and none differs, crashed, failed or timed out
       page: the page was written
  1    otherwise, also if nothing could be probed or a file could not be written
  2    wrong arguments
  141  the reader of the output closed the pipe
  128 + the number of the signal that ended it
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

/** 128 + SIGPIPE: the exit code in a shell of a program whose reader closed the pipe. */
const brokenPipeExitCode = 141;
const output = { isWatched: false, hasReader: true };

/** Notices when the reader of the output exits early, as `head` does. No finding is started then. */
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
 * Records the observations if all findings were probed. The result is already printed, so an error
 * changes only the exit code.
 */
function recorded(report: FindingsReport): boolean {
  if (report.problem !== null) {
    say('nothing was recorded, because not every finding was probed.');
    return false;
  }
  return written(() => say(`the observations are recorded in ${record(report)}`));
}

/** Writes the page of findings, from the probes and the recorded observations. */
function page(file: string | undefined): boolean {
  const text = findingsPage(findings, readObserved());
  if (file !== undefined) return written(() => writeWhole(file, text));
  process.stdout.write(text);
  return true;
}

/** Writes a file. If that fails, it prints the error and returns false. */
function written(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    say(`${error.message}\n${error.hint}`);
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
    // The last write may still be pending, and its error arrives as an event.
    await new Promise((done) => setImmediate(done));
    return ended(output.hasReader ? exitCode : brokenPipeExitCode);
  } catch (error) {
    if (error instanceof ProbeInterruptedError) return error;
    if (!(error instanceof ProbeError)) throw error;
    process.stderr.write(`nt-findings: ${error.message}\n${error.hint}\n`);
    return ended(error.code === 'ERR_USAGE' ? 2 : 1);
  }
}
