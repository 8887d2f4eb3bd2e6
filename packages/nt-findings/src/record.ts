import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProbeError } from './errors.js';
import { packageDirectory } from './package.js';
import type { FindingRow, FindingsReport } from './probe-findings.js';

/** The observations of one kernel: a file in the directory `observed` of this package. */
export interface ObservedKernel {
  /** `Wine 8.0`, or `Windows 10.0.26100`. */
  readonly kernel: string;
  readonly host: string;
  readonly windowsNode: string;
  /** The day, as `2026-11-22`, in UTC. */
  readonly date: string;
  /** Observations by the number of the finding. */
  readonly findings: Readonly<Record<string, ObservedFinding>>;
}

/** The observations of one finding. */
export interface ObservedFinding {
  /** The observations by the name of the fact, without the facts that are never run. */
  readonly seen: Readonly<Record<string, string>>;
  /** How it ended, if it did not complete: `crashed: exit code 134, after the fact "TCP"`. */
  readonly trouble?: string;
}

/** The directory of the files, one for each kernel. */
export const observedDirectory = () => join(packageDirectory(), 'observed');

/**
 * Writes the observations of a kernel.
 *
 * @param report a report of all findings, with a host.
 * @param directory the target directory; default: {@link observedDirectory}.
 * @returns the file.
 * @throws {ProbeError} `ERR_WRITE` if it cannot be written; the old file is then unchanged.
 */
export function record(report: FindingsReport, directory = observedDirectory()): string {
  const { host, isWhole, problem, date } = report;
  if (host === null || !isWhole || problem !== null) {
    throw new TypeError('record needs a report of all findings.');
  }
  const { kernel, name, windowsNode } = host;
  const findings = Object.fromEntries(report.findings.map((row) => [row.id, observedOf(row)]));
  const observed: ObservedKernel = { kernel, host: name, windowsNode, date, findings };
  const file = join(directory, `${host.observed}.json`);
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    throw notWritten(directory, cause);
  }
  writeWhole(file, `${JSON.stringify(observed, null, 2)}\n`);
  return file;
}

/**
 * Writes a file completely or not at all: a full disk must not leave half of it.
 *
 * @throws {ProbeError} `ERR_WRITE`.
 */
export function writeWhole(file: string, text: string): void {
  const part = `${file}.${process.pid}`;
  try {
    writeFileSync(part, text);
    renameSync(part, file);
  } catch (cause) {
    throw notWritten(file, cause);
  } finally {
    rmSync(part, { force: true });
  }
}

/** The reasons for which a file cannot be written, by the system's error code. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'a part of its path is not a directory',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its file system is read-only',
  ENOSPC: 'the disk is full',
};

/** The error that names the file itself: the system's message names the temporary file. */
function notWritten(file: string, cause: unknown): ProbeError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const why = reasons[code] ?? message;
  return new ProbeError(
    'ERR_WRITE',
    `${file} cannot be written: ${why}.`,
    'Nothing was changed. Make the path writable, or name another file.',
    { cause },
  );
}

/** Reads the observations of all kernels: Wine first, oldest first. */
export function readObserved(directory = observedDirectory()): ObservedKernel[] {
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  const isWindows = (name: string) => Number(!name.startsWith('wine'));
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort((one, other) => isWindows(one) - isWindows(other) || compare(one, other))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as ObservedKernel);
}

function observedOf({ verdict, detail, facts }: FindingRow): ObservedFinding {
  const seen = Object.fromEntries(
    facts.filter(({ notRun }) => notRun === '').map(({ name, seen }) => [name, seen]),
  );
  const hasTrouble = ['crashed', 'failed', 'no answer'].includes(verdict);
  return hasTrouble ? { seen, trouble: `${verdict}: ${detail}` } : { seen };
}
