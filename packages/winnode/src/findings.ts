import { version } from 'node:os';
import { fileURLToPath } from 'node:url';
import { WinnodeError } from './errors.js';
import { type FindingVerdict, isAsExpected, isUncited, type SeenFact } from './finding-verdict.js';
import { osName } from './os-name.js';
import { openSession, type Session } from './run.js';
import { InterruptedError } from './signals.js';
import { toWindowsPath } from './windows-path.js';

/** What a finding looks like here and now. */
export interface FindingRow {
  /** Its number, such as `F06`. */
  readonly id: string;
  readonly title: string;
  readonly verdict: FindingVerdict;
  /** What went wrong, where something did; empty otherwise. */
  readonly detail: string;
  /** What was seen, as far as it got. */
  readonly facts: readonly SeenFact[];
}

/** Where the findings were looked at. */
export interface ProbedHost {
  /** Operating system, processor and kernel: `Debian GNU/Linux 12 x64, Wine 8.0`. */
  readonly name: string;
  /** The kernel that was asked: `Wine 8.0`, or `Windows 10.0.26100`. */
  readonly kernel: string;
  readonly windowsNode: string;
  /** Where what is expected here comes from, for people. */
  readonly basis: string;
  /** False where what is expected is only cited: nobody has seen it on such a host. */
  readonly isSeen: boolean;
}

/** What {@link probeFindings} saw. */
export interface FindingsReport {
  /** The day, as `2026-11-22`, by UTC. */
  readonly date: string;
  /** Null where nobody could be asked: `problem` says why. */
  readonly host: ProbedHost | null;
  /** Why there are no findings, or not all of them. */
  readonly problem: { readonly message: string; readonly hint: string } | null;
  /** False where only some findings were asked for. */
  readonly isWhole: boolean;
  readonly findings: readonly FindingRow[];
}

/** Options of {@link probeFindings}. */
export interface ProbeFindingsOptions {
  /** The environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** The project whose `nt-findings` is asked; default: this process's working directory. */
  readonly cwd?: string;
  /** The numbers of the findings to look at, such as `F06`; none, or left out: all. */
  readonly ids?: readonly string[];
  /** How long one finding may take, start of its process included; default: 60,000. */
  readonly limitMs?: number;
  /** Told one line before something slow starts. */
  readonly onProgress?: (line: string) => void;
  /** Told each row as soon as it is known. */
  readonly onFinding?: (row: FindingRow) => void;
}

/** A host as nt-findings describes it. */
interface ToldHost {
  readonly name: string;
  readonly basis: string;
  readonly isSeen: boolean;
  readonly arch: string;
  readonly windowsNode: string;
}

interface Named {
  readonly id: string;
  readonly title: string;
}

/** A line of `windows-findings.js`. */
interface Told {
  readonly why?: string;
  readonly error?: string;
  readonly host?: ToldHost;
  readonly findings?: readonly Named[];
  readonly fact?: SeenFact;
  readonly done?: true;
}

/** How a process of Windows Node ended, and what it told before. */
interface Answer {
  readonly told: readonly Told[];
  /** What it died of; empty where it ended by itself. */
  readonly death: string;
  readonly isLate: boolean;
}

const whys: Record<string, readonly [message: string, hint: string]> = {
  absent: [
    'has no nt-findings to ask',
    'Install it there, or go to the top of a clone of tofu-nt.',
  ],
  'not built': ['has an nt-findings that is not built', 'In a clone of tofu-nt: npm run setup'],
};

/**
 * Looks at every finding that the project's `nt-findings` knows, each in a Windows Node of its own:
 * one that crashes or hangs loses its own row. Never throws for what it finds, or for a host that
 * cannot: that is `problem`.
 *
 * @throws {InterruptedError} when a signal ended it.
 * @throws {WinnodeError} `ERR_USAGE` for a number that no finding has.
 */
export async function probeFindings(options: ProbeFindingsOptions = {}): Promise<FindingsReport> {
  const date = new Date().toISOString().slice(0, 10);
  const asker = new Asker(options);
  const findings: FindingRow[] = [];
  const { ids = [] } = options;
  const isWhole = ids.length === 0;
  let host: ProbedHost | null = null;
  try {
    const asked = await askWhich(asker, options.cwd);
    host = asked.host;
    for (const each of isWhole ? asked.list : chosen(asked.list, ids)) {
      const row = { ...each, ...judged(await asker.ask([each.id]), asker.limitMs) };
      options.onFinding?.(row);
      findings.push(row);
    }
    return { date, host, problem: null, isWhole, findings };
  } catch (error) {
    if (!(error instanceof WinnodeError) || error instanceof InterruptedError) throw error;
    if (error.code === 'ERR_USAGE') throw error;
    const { message, hint } = error;
    return { date, host, problem: { message, hint }, isWhole, findings };
  } finally {
    await asker.close();
  }
}

/** Runs `windows-findings.js`, through one session for as long as that is well. */
class Asker {
  readonly limitMs: number;
  readonly #options: ProbeFindingsOptions;
  #session: Session | undefined;

  constructor(options: ProbeFindingsOptions) {
    this.#options = options;
    this.limitMs = options.limitMs ?? 60_000;
  }

  async ask(args: readonly string[]): Promise<Answer> {
    const { cwd, env, onProgress } = this.#options;
    const shared = { ...(env && { env }), ...(onProgress && { onProgress }) };
    this.#session ??= await openSession(shared);
    const script = toWindowsPath(fileURLToPath(new URL('./windows-findings.js', import.meta.url)));
    let said = '';
    try {
      const { signal, crash, exitCode, isTimedOut } = await this.#session.run([script, ...args], {
        ...shared,
        ...(cwd && { cwd }),
        timeLimitMs: this.limitMs,
        stdio: ['ignore', 'pipe', 'inherit'],
        onSpawn: ({ stdout }) => stdout?.setEncoding('utf8').on('data', (text) => (said += text)),
      });
      // A signal that nothing died of by itself is one that was meant for this process.
      if (signal !== null && crash === undefined) throw new InterruptedError(signal);
      const death = crash ?? (exitCode === 0 || isTimedOut ? '' : `exit code ${exitCode}`);
      return { told: parsed(said), death, isLate: isTimedOut === true };
    } catch (error) {
      if (!(error instanceof WinnodeError) || error instanceof InterruptedError) throw error;
      // Wine itself is unwell, maybe by what was just done to it: the next one starts it anew.
      await this.close();
      return { told: parsed(said), death: error.message, isLate: false };
    }
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }
}

/** Every whole line of JSON. One that a crash cut in two is none. */
function parsed(said: string): Told[] {
  return said.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line) as Told] : [];
    } catch {
      return [];
    }
  });
}

async function askWhich(asker: Asker, cwd = process.cwd()) {
  const { told, death, isLate } = await asker.ask([]);
  const [{ why, error, host, findings: list } = {}] = told;
  if (why !== undefined) {
    const [message, hint] = whys[why] ?? [`has an nt-findings that is ${why}`, 'Update it.'];
    throw new WinnodeError('ERR_LAUNCH', `${cwd} ${message}.`, hint);
  }
  if (host === undefined || list === undefined) {
    const late = isLate ? `no answer within ${asker.limitMs / 1_000} s` : 'no answer';
    const cause = error ?? (death === '' ? late : `Windows Node died: ${death}`);
    const hint = 'winnode doctor says what of all that it needs works here.';
    throw new WinnodeError('ERR_LAUNCH', `The findings cannot be asked for: ${cause}`, hint);
  }
  if (list.length === 0) {
    const hint = 'Nothing was looked at, and that proves nothing. Is it the right nt-findings?';
    throw new WinnodeError('ERR_LAUNCH', `The nt-findings of ${cwd} knows no finding.`, hint);
  }
  const { name: kernel, basis, isSeen, arch, windowsNode } = host;
  const system = process.platform === 'win32' ? version() : osName();
  const name = `${system} ${arch}, ${kernel}`;
  return { host: { name, kernel, windowsNode, basis, isSeen }, list };
}

function chosen(list: readonly Named[], ids: readonly string[]): readonly Named[] {
  const unknown = ids.filter((id) => list.every((each) => each.id !== id));
  if (unknown.length === 0) return list.filter(({ id }) => ids.includes(id));
  const message = `There is no finding ${unknown.join(', ')}.`;
  throw new WinnodeError('ERR_USAGE', message, `There are ${list.map(({ id }) => id).join(', ')}.`);
}

function judged(
  { told, death, isLate }: Answer,
  limitMs: number,
): Pick<FindingRow, 'verdict' | 'detail' | 'facts'> {
  const facts = told.flatMap(({ fact }) => fact ?? []);
  const error = told.find((line) => line.error !== undefined)?.error;
  const last = facts.at(-1);
  const after = last === undefined ? 'before it told anything' : `after "${last.name}"`;
  const ended = (verdict: FindingVerdict, detail: string) => ({ verdict, detail, facts });
  if (isLate) return ended('no answer', `nothing within ${limitMs / 1_000} s, ${after}`);
  if (error !== undefined) return ended('failed', `${error} (${after})`);
  const isDone = told.some(({ done }) => done);
  if (!isDone || death !== '') {
    return ended('crashed', `${death || 'it ended without a word'}, ${after}`);
  }
  if (facts.length === 0) return ended('failed', 'it looked at nothing');
  if (facts.every(({ notRun }) => notRun !== '')) return ended('not run', facts[0]?.notRun ?? '');
  if (facts.every((fact) => fact.notRun !== '' || isUncited(fact))) return ended('unknown', '');
  return ended(facts.every(isAsExpected) ? 'holds' : 'differs', '');
}
