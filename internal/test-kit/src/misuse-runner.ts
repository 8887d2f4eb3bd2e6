import { spawn } from 'node:child_process';
import { casesVariable, type MisuseReport, reportMark } from './misuse-child.js';

/** The end of one case. */
export interface MisuseEnd {
  /** The thrown error: name, code, message. Empty if there was none. */
  readonly thrown: string;
  /** Any other problem: a crash, a hang, an exit, a leftover. Empty if there is none. */
  readonly problem: string;
}

/** The options of a run of several cases. */
export interface MisuseRun {
  /** The script that calls `serveMisuses`. */
  readonly script: string;
  /** The numbers of the cases. */
  readonly indexes: readonly number[];
  /** The time limit of one case: a longer case counts as a hang, and its process is killed. */
  readonly limitMs?: number;
}

const ordinaryLimitMs = 20_000;
/** The time limit of a process until its first case. */
const startLimitMs = 60_000;
/**
 * The maximum number of starts of a process. Under Wine 8 a process sometimes does not start, or
 * crashes while it is loaded.
 */
const startAttempts = 3;

/**
 * Runs cases in one process. If a case ends the process or hangs, the last line that was written
 * names it; the following cases run in a new process.
 *
 * @returns the end of each case, by its number.
 * @throws {Error} if a process does not reach its first case.
 */
export async function runMisuses(run: MisuseRun): Promise<Map<number, MisuseEnd>> {
  const ends = new Map<number, MisuseEnd>();
  let rest = [...run.indexes];
  for (let failedStarts = 0; rest.length > 0; ) {
    const { last, problem } = await runProcess(run, rest, ends);
    if (last === undefined) {
      failedStarts += 1;
      if (failedStarts === startAttempts) throw new Error(`${run.script}: ${problem}`);
      continue;
    }
    failedStarts = 0;
    if (problem !== '') {
      const thrown = ends.get(last)?.thrown ?? '';
      const before = ends.get(last)?.problem ?? '';
      ends.set(last, { thrown, problem: before === '' ? problem : `${before}; ${problem}` });
    }
    rest = rest.filter((index) => !ends.has(index));
  }
  return ends;
}

interface ProcessEnd {
  /** The last case that was started, if one was. */
  readonly last: number | undefined;
  readonly problem: string;
}

/** Runs cases until the process ends, or one takes too long. */
async function runProcess(
  { script, limitMs = ordinaryLimitMs }: MisuseRun,
  indexes: readonly number[],
  ends: Map<number, MisuseEnd>,
): Promise<ProcessEnd> {
  const env = { ...process.env, [casesVariable]: indexes.join(',') };
  let child: ReturnType<typeof start>;
  try {
    child = start(script, env);
  } catch (error) {
    // spawn throws unexpected errors synchronously; other errors arrive as an event.
    return { last: undefined, problem: `not started, ${(error as Error).message}` };
  }
  return new Promise((done) => {
    let last: number | undefined;
    let isDone = false;
    let said = '';
    let hungMs = 0;
    const watch = (ms: number) =>
      setTimeout(() => {
        hungMs = ms;
        child.kill('SIGKILL');
      }, ms);
    let timer = watch(startLimitMs);
    const take = (line: string) => {
      const at = line.indexOf(reportMark);
      said += at < 0 ? `${line}\n` : line.slice(0, at);
      if (at < 0) return;
      clearTimeout(timer);
      timer = watch(limitMs);
      const report = JSON.parse(line.slice(at + reportMark.length)) as MisuseReport;
      last = report.index;
      isDone = report.at === 'end' && (last === indexes.at(-1) || report.left !== '');
      if (report.at === 'end') ends.set(report.index, endOf(report, said));
      said = '';
    };
    let partial = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      const lines = (partial + data).split(/\r?\n/);
      partial = lines.pop() ?? '';
      for (const line of lines) take(line);
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      errors += data;
    });
    const finish = (how: string) => {
      clearTimeout(timer);
      const output = [said, partial, errors].join('').trim();
      const tail = output === '' ? '' : `: ${shortened(output)}`;
      const isWhole = how === 'exit code 0' && isDone;
      // It is unknown which case wrote to stderr, so the message names the last one.
      const well =
        tail === '' ? '' : `this case, or an earlier case in the same process, printed${tail}`;
      const what = hungMs > 0 ? `hung for ${hungMs} ms` : `ended the process, ${how}`;
      done({ last, problem: isWhole ? well : `${what}${tail}` });
    };
    child.on('error', (error) => finish(`not started, ${error.message}`));
    child.on('close', (code, signal) => finish(signal ?? `exit code ${code}`));
  });
}

/** Keeps the beginning and the end: some programs print the cause first, others last. */
function shortened(output: string): string {
  return output.length <= 600 ? output : `${output.slice(0, 300)} ... ${output.slice(-300)}`;
}

function start(script: string, env: NodeJS.ProcessEnv) {
  return spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function endOf({ thrown = '', left = '' }: MisuseReport, said: string): MisuseEnd {
  const problems = [
    left === '' ? '' : `left behind: ${left}`,
    said.trim() === '' ? '' : `printed: ${said.trim().slice(0, 200)}`,
  ];
  return { thrown, problem: problems.filter(Boolean).join('; ') };
}
