import { writeSync } from 'node:fs';
import type { Finding } from './finding.js';
import { findHost, type Host } from './host.js';
import { type Fact, probeFinding } from './probe-finding.js';

/** The host, as a process of Windows Node reports it. */
export interface SeenHost extends Host {
  readonly arch: string;
  readonly windowsNode: string;
}

/** One line of JSON that such a process prints. */
export interface AnswerLine {
  readonly host?: SeenHost;
  readonly fact?: Fact;
  readonly error?: string;
  readonly done?: true;
}

const print = (line: AnswerLine) => writeSync(1, `${JSON.stringify(line)}\n`);

/**
 * Without an id it reports the host, with an id it probes that finding. It writes each fact to
 * standard output at once, as a line of JSON, because the next call may crash. It does not throw:
 * an error is reported as `error`.
 */
export async function answer(findings: readonly Finding[], id: string | undefined): Promise<void> {
  try {
    const host = findHost();
    if (id === undefined) {
      const { arch, versions } = process;
      print({ host: { ...host, arch, windowsNode: versions.node } });
      return;
    }
    const finding = findings.find((each) => each.id === id);
    if (finding === undefined) throw new Error(`There is no finding ${id}.`);
    for await (const fact of probeFinding(finding, host)) print({ fact });
    print({ done: true });
  } catch (error) {
    print({ error: error instanceof Error ? error.message : String(error) });
  }
}
