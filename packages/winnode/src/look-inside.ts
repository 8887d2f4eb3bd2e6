import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { WinnodeError } from './errors.js';
import { type Item, necessary, probeName } from './item.js';
import type { ProjectProbe } from './project-probe.js';
import { runWindowsNode } from './run.js';
import { InterruptedError } from './signals.js';
import { toWindowsPath } from './windows-path.js';
import type { ProbeLine } from './windows-probe.js';

/** What {@link lookInside} needs. */
export interface InsideOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly probe: ProjectProbe | undefined;
  /** How long Windows Node and the project's probe may take together, in milliseconds. */
  readonly limitMs: number;
  readonly onProgress: ((line: string) => void) | undefined;
  /** Called with each item as soon as it is known. */
  readonly onItem: (item: Item) => void;
}

const runName = 'a run in Windows Node';
const seeOutput =
  'The output of Windows Node above may show the cause. WINEDEBUG=+seh prints the exceptions.';

/**
 * Checks inside Windows Node whether it runs and what the project's probe finds. If Windows Node
 * starts without the user's NODE_OPTIONS but not with them, the only failed item is NODE_OPTIONS.
 *
 * @throws {InterruptedError} if a signal ended it.
 */
export async function lookInside(options: InsideOptions): Promise<void> {
  const { env, onItem, probe } = options;
  const failure = await runInside(options, []);
  if (failure === undefined) return;
  const { NODE_OPTIONS: theirs, ...without } = env;
  if (theirs) {
    const detail = `Windows Node does not start with "${theirs}"; doctor checks the items below without it`;
    const hint = 'Correct NODE_OPTIONS, or unset it. The error of Windows Node is above.';
    const named = necessary('NODE_OPTIONS', 'failed', { detail, hint });
    if ((await runInside({ ...options, env: without }, [named])) === undefined) return;
  }
  onItem(failure);
  if (probe === undefined) return;
  onItem(necessary(probeName, 'skipped', { detail: 'not run: Windows Node does not start' }));
}

/**
 * Performs one run. Once Windows Node has started, its items are passed to `onItem`.
 *
 * @param first the item that is passed before all others
 * @returns why it did not start; undefined if it started
 */
async function runInside(
  { env, cwd, probe, limitMs, onProgress, onItem }: InsideOptions,
  first: readonly Item[],
): Promise<Item | undefined> {
  const program = fileURLToPath(new URL('./windows-probe.js', import.meta.url));
  const mark = randomBytes(8).toString('hex');
  const asked = probe === undefined ? [] : [toWindowsPath(probe.project), probe.specifier];
  const args = ['--experimental-import-meta-resolve', toWindowsPath(program), mark, ...asked];
  const seen = { isStarted: false, isDone: false, last: '' };
  const take = (line: ProbeLine) => {
    if ('start' in line) {
      seen.isStarted = true;
      for (const item of first) onItem(item);
      onItem(necessary(runName, 'ok', { detail: line.start }));
    } else if ('item' in line) {
      seen.last = line.item.name;
      onItem(line.item);
    } else seen.isDone = true;
  };
  let problem: { readonly detail: string; readonly hint: string } | undefined;
  try {
    const end = await runWindowsNode(args, {
      env,
      cwd,
      timeLimitMs: limitMs,
      stdio: ['ignore', 'pipe', 'inherit'],
      onSpawn: ({ stdout }) => stdout?.setEncoding('utf8').on('data', linesOf(mark, take)),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    const { signal, crash, exitCode, isTimedOut } = end;
    // A signal that is not a crash was sent to this process, and winnode passed it on.
    if (signal !== null && crash === undefined) throw new InterruptedError(signal);
    const after = seen.last === '' ? 'before its first item' : `after the item "${seen.last}"`;
    if (isTimedOut) {
      problem = { detail: `no answer within ${limitMs / 1_000} s, ${after}`, hint: seeOutput };
    } else if (exitCode !== 0 || !seen.isDone) {
      const how = crash === undefined ? `ended with exit code ${exitCode}` : `died: ${crash}`;
      problem = { detail: `Windows Node ${how}, ${after}`, hint: hintOf(exitCode, crash) };
    }
  } catch (error) {
    if (!(error instanceof WinnodeError) || error instanceof InterruptedError) throw error;
    problem = { detail: error.message, hint: error.hint };
  }
  if (problem === undefined) return undefined;
  if (!seen.isStarted) return necessary(runName, 'failed', problem);
  onItem(necessary(probeName, 'failed', problem));
  return undefined;
}

/** Node's exit code if the event loop is empty and a module still awaits a promise. */
const unsettledCode = 13;

function hintOf(exitCode: number, crash: string | undefined): string {
  if (crash !== undefined) return seeOutput;
  if (exitCode === unsettledCode) return 'The probe awaits a promise that nothing can settle.';
  return 'The probe must yield its items and return. It must not exit the process.';
}

/**
 * Makes a listener for a stream. It passes each line that begins with the mark to `take`, and
 * writes all other lines to standard error.
 */
function linesOf(mark: string, take: (line: ProbeLine) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith(`${mark} `)) take(JSON.parse(line.slice(mark.length)) as ProbeLine);
      else if (line !== '') process.stderr.write(`${line}\n`);
    }
  };
}
