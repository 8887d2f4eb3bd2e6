import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { inARow } from './command.js';
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
   * Pass SIGINT, SIGTERM and SIGHUP on to the program while it runs; default: true. Under Wine
   * these signals do not end this process while the session is open, whatever this option is.
   */
  readonly forwardSignals?: boolean;
  /**
   * The time in milliseconds after which the program and its children are ended. The exit code is
   * then {@link timeLimitExitCode}. Counted from the program's first start; default: no limit.
   */
  readonly timeLimitMs?: number;
  /** Called with one line of text before a slow step. */
  readonly onProgress?: (line: string) => void;
  /**
   * Called with the process as soon as it runs, for access to its streams. Under Wine it may be
   * called a second time, if the first process ended before the program ran: the second process
   * then replaces the first.
   */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** How a Windows Node ended. */
export interface RunResult {
  /** The exit code; 128 + the signal's number when a signal ended it, as shells count. */
  readonly exitCode: number;
  /** The signal that ended it, or null. */
  readonly signal: NodeJS.Signals | null;
  /** Present if the time limit ended it. */
  readonly isTimedOut?: true;
  /** Present if it did not exit by itself: the cause of the crash, in words. */
  readonly crash?: string;
}

/** The exit code after the time limit, equal to that of timeout(1). */
export const timeLimitExitCode = 124;

/** The end of a child process, not yet interpreted. */
export interface ChildEnd extends RunResult {
  /** The signals that arrived while it ran. */
  readonly came: ReadonlySet<NodeJS.Signals>;
  /** True if it did not start, and winnode ended it. */
  readonly isStuck: boolean;
  /** True if its main thread had exited while other threads waited, and winnode ended it. */
  readonly wasHeadless: boolean;
}

/** The operations that differ between Windows and Wine. */
export interface ChildHost {
  readonly held: HeldSignals;
  /** Ends the program and its children immediately. */
  readonly end: (child: ChildProcess) => Promise<void>;
  /** Called when the program has exited. Another process may still keep its streams open. */
  readonly afterExit?: () => void;
  /**
   * Whether the program has started, whether it still can, and how long its start may take.
   */
  readonly start?: {
    readonly isSeen: () => boolean;
    readonly isPossible: () => boolean;
    readonly limitMs: number;
  };
}

/** Polling interval while a program starts. */
const startPollMs = 100;
/**
 * winnode gives up a start after this many polls in a row without a wineserver. One poll is not
 * enough: Wine may just be starting a new wineserver.
 */
const hopelessPolls = 20;
/** How often winnode checks whether a running program has lost its main thread; see isHeadless. */
const mainThreadPollMs = 500;
/**
 * How long winnode still reads the output of an ended program if another process keeps its streams
 * open.
 */
const lastOutputMs = 1_000;

/** Runs a process until it exits or the time limit ends it. */
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
      if (!isOver) timers.push(setTimeout(closeStreams, lastOutputMs, child));
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
      const isHopeless = inARow(hopelessPolls, () => !start.isPossible());
      const poll = setInterval(() => {
        if (start.isSeen()) {
          clearInterval(poll);
          return;
        }
        if (isHopeless() || performance.now() - startedMs > start.limitMs) {
          isStuck = true;
          void endIt();
        }
      }, startPollMs);
      timers.push(poll);
    }
    // A process that exits normally also has no main thread for an instant. So two polls in a row
    // must find it without one.
    let wasHeadlessBefore = false;
    const watch = setInterval(() => {
      if (child.pid === undefined || !isHeadless(child.pid)) wasHeadlessBefore = false;
      else if (wasHeadlessBefore) {
        wasHeadless = true;
        void endIt();
      } else wasHeadlessBefore = true;
    }, mainThreadPollMs);
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
      const hint = 'Check that the working directory exists, and that few processes are running.';
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

/** Closes the streams of an ended process: a child that winnode did not find may keep them open. */
function closeStreams({ stdin, stdout, stderr }: ChildProcess): void {
  for (const stream of [stdin, stdout, stderr]) stream?.destroy();
}

/** Ends a program and its children on Windows itself. */
export async function endOnWindows(child: ChildProcess): Promise<void> {
  const tree = ['/pid', String(child.pid), '/t', '/f'];
  spawnSync('taskkill', tree, { stdio: 'ignore', timeout: 5_000 });
  child.kill('SIGKILL');
}
