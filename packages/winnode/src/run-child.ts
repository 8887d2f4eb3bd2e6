import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { WinnodeError } from './errors.js';
import { requireLimitMs } from './limits.js';
import { isHeadless, isInForeground } from './process-start.js';
import { type HeldSignals, signalExitCode } from './signals.js';

/** Options of {@link runWindowsNode}. */
export interface RunOptions {
  /** The working directory; default: this process's. */
  readonly cwd?: string;
  /** The environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** As in `child_process.spawn`; default: `inherit`. */
  readonly stdio?: StdioOptions;
  /**
   * Pass SIGINT, SIGTERM and SIGHUP on to the program while it runs; default: true. Under Wine they
   * do not end this process while the session is open, whatever is said here.
   */
  readonly forwardSignals?: boolean;
  /**
   * After so many milliseconds the program and its children are ended, and the exit code is
   * {@link timeLimitExitCode}. Counted from the program's first start; default: no limit.
   */
  readonly timeLimitMs?: number;
  /** Called with one line before something slow starts. */
  readonly onProgress?: (line: string) => void;
  /**
   * Handed the process as soon as it runs, for its streams. Under Wine a second one may follow, where
   * the first did not get as far as the program: it takes the place of the first.
   */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** How a Windows Node ended. */
export interface RunResult {
  /** The exit code; 128 + the signal's number when a signal ended it, as shells count. */
  readonly exitCode: number;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | null;
  /** There when the time limit ended it. */
  readonly isTimedOut?: true;
  /** There when it did not end by itself: what it died of, for people. */
  readonly crash?: string;
}

/** The exit code of a program that the time limit ended; that of timeout(1). */
export const timeLimitExitCode = 124;

/** How a child process ended, before anybody makes sense of it. */
export interface ChildEnd extends RunResult {
  /** The signals that came meanwhile. */
  readonly came: ReadonlySet<NodeJS.Signals>;
  /** It was not seen to start in time, and was ended. */
  readonly isStuck: boolean;
  /** Its main thread was gone and the rest hung, so it was ended. */
  readonly wasHeadless: boolean;
}

/** What the two kinds of host do differently. */
export interface ChildHost {
  readonly held: HeldSignals;
  /** Ends the program and its children, at once. */
  readonly end: (child: ChildProcess) => Promise<void>;
  /** The program itself has ended: another process may still hold its streams. */
  readonly afterExit?: () => void;
  /** Whether the program was seen to start, and by when it must have been. */
  readonly start?: { readonly isSeen: () => boolean; readonly limitMs: number };
}

/** How often a program that starts is looked after. */
const lookMs = 100;
/** How often one that runs is. */
const headMs = 500;
/** What a program that was ended has for its last words, should another process hold its streams. */
const lastWordsMs = 1_000;

/** Runs a process to its end, or to the end of its time. */
export function runChild(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: RunOptions,
  { held, end, start, afterExit }: ChildHost,
): Promise<ChildEnd> {
  const timeLimitMs = requireLimitMs(options.timeLimitMs);
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      env,
      stdio: options.stdio ?? 'inherit',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const came = new Set<NodeJS.Signals>();
    let isTimedOut = false;
    let isStuck = false;
    let wasHeadless = false;
    const timers: NodeJS.Timeout[] = [];
    const stopTimers = () => {
      for (const timer of timers) clearTimeout(timer);
    };
    let isOver = false;
    const endIt = async () => {
      stopTimers();
      await end(child);
      if (!isOver) timers.push(setTimeout(silence, lastWordsMs, child));
    };
    if (timeLimitMs !== undefined) {
      const expire = () => {
        isTimedOut = true;
        void endIt();
      };
      timers.push(setTimeout(expire, timeLimitMs));
    }
    if (start !== undefined) {
      const startedMs = performance.now();
      const look = setInterval(() => {
        if (start.isSeen()) clearInterval(look);
        else if (performance.now() - startedMs > start.limitMs) {
          isStuck = true;
          void endIt();
        }
      }, lookMs);
      timers.push(look);
    }
    // A process that ends in order is headless for an instant, too: so it has to be seen twice.
    let wasHeadlessBefore = false;
    const watch = setInterval(() => {
      if (child.pid === undefined || !isHeadless(child.pid)) wasHeadlessBefore = false;
      else if (wasHeadlessBefore) {
        wasHeadless = true;
        void endIt();
      } else wasHeadlessBefore = true;
    }, headMs);
    timers.push(watch);
    child.on('exit', () => afterExit?.());
    const stopListening = held.listen((signal) => {
      if (options.forwardSignals === false) return;
      came.add(signal);
      // A terminal sends Ctrl-C to the child as well: passing it on would deliver it twice.
      if (signal === 'SIGINT' && isInForeground()) return;
      child.kill(signal);
    });
    const settle = () => {
      isOver = true;
      stopTimers();
      stopListening();
    };
    child.on('error', (cause) => {
      settle();
      const hint = 'Does the working directory exist? Are too many processes running?';
      failed(new WinnodeError('ERR_LAUNCH', `Windows Node does not start: ${cause.message}`, hint));
    });
    child.on('close', (code, signal) => {
      settle();
      const seen = { came, isStuck, wasHeadless };
      if (isTimedOut) {
        done({ exitCode: timeLimitExitCode, signal: null, isTimedOut, ...seen });
        return;
      }
      const exitCode = code ?? (signal === null ? 1 : signalExitCode(signal));
      done({ exitCode, signal, ...seen });
    });
    options.onSpawn?.(child);
  });
}

/** Lets go of the streams of a process that was ended: a child that got away may hold them open. */
function silence({ stdin, stdout, stderr }: ChildProcess): void {
  for (const stream of [stdin, stdout, stderr]) stream?.destroy();
}

/** Ends a program and its children on Windows itself. */
export async function endOnWindows(child: ChildProcess): Promise<void> {
  const tree = ['/pid', String(child.pid), '/t', '/f'];
  spawnSync('taskkill', tree, { stdio: 'ignore', timeout: 5_000 });
  child.kill('SIGKILL');
}
