import { version } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { AnswerLine, SeenHost } from './answer.js';
import { ProbeError } from './errors.js';
import { findings as allFindings } from './findings.js';
import { osName } from './os-name.js';
import { openProcesses, type Processes } from './own-process.js';
import type { Fact } from './probe-finding.js';
import { type FindingVerdict, judged, type ProbeEnd } from './verdict.js';

/** The result of a finding on this host. */
export interface FindingRow {
  /** Its number, such as `F06`. */
  readonly id: string;
  /** One sentence: what the kernel does. */
  readonly title: string;
  /** The result of the comparison. */
  readonly verdict: FindingVerdict;
  /** What failed, if the probe did not complete; otherwise empty. */
  readonly detail: string;
  /** The facts that were observed before the probe ended. */
  readonly facts: readonly Fact[];
}

/** The host on which the findings were probed. */
export interface ProbedHost {
  /** Operating system, processor and kernel: `Debian GNU/Linux 12 x64, Wine 8.0`. */
  readonly name: string;
  /** The probed kernel: `Wine 8.0`, or `Windows 10.0.26100`. */
  readonly kernel: string;
  /** The name of the file with this kernel's observations, without its suffix: `wine8`. */
  readonly observed: string;
  /** The version of Windows Node, such as `22.23.3`. */
  readonly windowsNode: string;
  /** Where the expectations come from, as text for messages. */
  readonly basis: string;
  /** True if the expectations were observed on this kernel; false if they are cited. */
  readonly isSeen: boolean;
}

/** The result of {@link probeFindings}. */
export interface FindingsReport {
  /** The day, as `2026-11-22`, by UTC. */
  readonly date: string;
  /** Null if the host could not be determined: `problem` says why. */
  readonly host: ProbedHost | null;
  /** Why no finding was probed, or not all of them; null if all were probed. */
  readonly problem: { readonly message: string; readonly hint: string } | null;
  /** False if only some findings were selected. */
  readonly isWhole: boolean;
  /** A row for each probed finding. */
  readonly findings: readonly FindingRow[];
}

/** Options of {@link probeFindings}. */
export interface ProbeFindingsOptions {
  /** The environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** The numbers of the findings to probe, such as `F06`; empty or absent: all. */
  readonly ids?: readonly string[];
  /**
   * The time limit of one finding in milliseconds, including the start of its process; default:
   * 60,000.
   */
  readonly limitMs?: number;
  /** Called with one line of text before a slow step. */
  readonly onProgress?: (line: string) => void;
  /** Called with each row as soon as it is known. */
  readonly onFinding?: (row: FindingRow) => void;
  /**
   * Called before each finding: once it returns true, no further finding is started, and `problem`
   * says so.
   */
  readonly isUnwanted?: () => boolean;
}

interface Named {
  readonly id: string;
  readonly title: string;
}

/** Findings, and the program that probes one of them in a process of its own. */
export interface Probes {
  /** An absolute path of this host. */
  readonly program: string;
  readonly findings: readonly Named[];
}

const ownProbes: Probes = {
  program: fileURLToPath(new URL('./run-finding.js', import.meta.url)),
  findings: allFindings,
};

/**
 * Probes every finding, each in a Windows Node process of its own. If a probe crashes or hangs, the
 * other findings are not affected. On Windows it uses the running Node; elsewhere winnode starts
 * Windows Node. It does not throw if a finding differs or fails. If the host cannot run the probes,
 * `problem` says why.
 *
 * @throws {ProbeInterruptedError} if a signal ended it.
 * @throws {ProbeError} `ERR_USAGE` for an unknown number.
 *
 * @example
 * ```ts
 * import { probeFindings } from 'nt-findings';
 *
 * const { findings, problem } = await probeFindings({ ids: ['F01', 'F06'] });
 * if (problem !== null) console.error(problem.message, problem.hint);
 * for (const { id, verdict } of findings) console.log(id, verdict);
 * ```
 */
export function probeFindings(options: ProbeFindingsOptions = {}): Promise<FindingsReport> {
  return probeAll(ownProbes, options);
}

/** The same for other findings; used by tests. */
export async function probeAll(
  { program, findings: known }: Probes,
  options: ProbeFindingsOptions = {},
): Promise<FindingsReport> {
  const { env = process.env, ids = [], limitMs = 60_000, isUnwanted = () => false } = options;
  const date = new Date().toISOString().slice(0, 10);
  const isWhole = ids.length === 0;
  const chosen = isWhole ? known : choose(known, ids);
  const findings: FindingRow[] = [];
  let host: ProbedHost | null = null;
  let processes: Processes | undefined;
  try {
    const onProgress = options.onProgress ?? (() => {});
    processes = await openProcesses({ env, limitMs, onProgress });
    const ask = (id?: string) => askOnce(processes as Processes, program, id);
    host = hostOf(await ask(), limitMs);
    for (const { id, title } of chosen) {
      if (isUnwanted()) {
        const message = `The caller stopped the probing before ${id}.`;
        throw new ProbeError('ERR_PROBE', message, 'Run it again.');
      }
      const end = await ask(id);
      const row = { id, title, ...judged(end, limitMs), facts: end.facts };
      options.onFinding?.(row);
      findings.push(row);
    }
    return { date, host, problem: null, isWhole, findings };
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    const { message, hint } = error;
    return { date, host, problem: { message, hint }, isWhole, findings };
  } finally {
    await processes?.close();
  }
}

interface Answer extends ProbeEnd {
  readonly host: SeenHost | undefined;
}

async function askOnce(processes: Processes, program: string, id?: string): Promise<Answer> {
  const { output, crash, isLate } = await processes.run(program, id === undefined ? [] : [id]);
  const lines = parsed(output);
  return {
    host: lines.find(({ host }) => host !== undefined)?.host,
    facts: lines.flatMap(({ fact }) => fact ?? []),
    error: lines.find(({ error }) => error !== undefined)?.error ?? '',
    isDone: lines.some(({ done }) => done),
    crash,
    isLate,
  };
}

/** Parses every complete line of JSON. An incomplete line, after a crash, is ignored. */
function parsed(output: string): AnswerLine[] {
  return output.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line) as AnswerLine] : [];
    } catch {
      return [];
    }
  });
}

function hostOf({ host, error, crash, isLate }: Answer, limitMs: number): ProbedHost {
  if (host === undefined) {
    const silence = isLate
      ? `Windows Node did not answer within ${limitMs / 1_000} s`
      : 'Windows Node ended without an answer';
    const cause = error || (crash === '' ? silence : `Windows Node failed: ${crash}`);
    const hint =
      process.platform === 'win32'
        ? 'The output of Node above may show the cause.'
        : 'npx winnode doctor checks Wine and Windows Node on this machine.';
    throw new ProbeError('ERR_PROBE', `The findings cannot be probed: ${cause}`, hint);
  }
  const { name: kernel, observed, basis, isSeen, arch, windowsNode } = host;
  const system = process.platform === 'win32' ? version() : osName();
  return { name: `${system} ${arch}, ${kernel}`, kernel, observed, windowsNode, basis, isSeen };
}

function choose(known: readonly Named[], ids: readonly string[]): readonly Named[] {
  const unknown = ids.filter((id) => known.every((each) => each.id !== id));
  if (unknown.length === 0) return known.filter(({ id }) => ids.includes(id));
  const message = `Unknown finding: ${unknown.join(', ')}.`;
  const hint = `Known findings: ${known.map(({ id }) => id).join(', ')}.`;
  throw new ProbeError('ERR_USAGE', message, hint);
}
