import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import {
  crashExitCode,
  crashOnWindows,
  crashUnderWine,
  isFailedStart,
  isLoaderFailure,
  killedBy,
  type Progress,
  shouldStart,
} from './crash.js';
import { endDesktop, endRun, markOf, markVariable } from './descendants.js';
import { wineEnvironment } from './environment.js';
import { explained, WinnodeError } from './errors.js';
import { stuck, unserved } from './failed-start.js';
import { requireLimitMs, startLimitMs } from './limits.js';
import { answerLinks, type LinkService } from './links.js';
import { nodeIn } from './page-aligned.js';
import { ensurePrefix, prefixPath } from './prefix.js';
import { distrust } from './prefix-damage.js';
import { processStart } from './process-start.js';
import { ProgressFiles } from './progress.js';
import {
  type ChildEnd,
  endOnWindows,
  type RunOptions,
  type RunResult,
  runChild,
} from './run-child.js';
import { type HeldSignals, holdSignals, InterruptedError, signalExitCode } from './signals.js';
import { installWindowsNode, requireWineFor, type WindowsNode } from './windows-node.js';
import { installWindowsPackages } from './windows-packages.js';
import {
  nodeOptionsOnDriveZ,
  quoteNodeOption,
  requireWindowsName,
  toWindowsPath,
} from './windows-path.js';
import { findWine, type Wine } from './wine.js';
import { useWineserver, type WineserverLease } from './wineserver.js';
import { isRunning, watchWineserver } from './wineserver-process.js';

/** A prepared environment in which Windows Node can be run several times. */
export interface Session {
  /** Runs Windows Node once with these arguments: Node options, a script, its arguments. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Ends the session. A wineserver that it started ends with the last user. Idempotent. */
  close(): Promise<void>;
}

/**
 * Runs Windows Node once: on Windows with the Node that runs this, elsewhere under Wine. The
 * arguments are Node's own: options, a script, the script's arguments.
 *
 * @throws {WinnodeError} if this host cannot run it; a failing program is a result, not an error.
 */
export async function runWindowsNode(
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  requireLimitMs(options.timeLimitMs);
  if (process.platform !== 'win32') workingDirectory(options.cwd);
  const session = await openSession(options);
  try {
    return await session.run(args, options);
  } finally {
    await session.close();
  }
}

/**
 * Prepares this host for several runs. Under Wine it creates the prefix if necessary and keeps one
 * wineserver for all runs, so that each starts in 0.2 s instead of 1 s. It fetches Windows Node if
 * necessary. Each run fetches the Windows builds of its project's packages if necessary.
 *
 * @throws {WinnodeError} if this host cannot run Windows Node.
 */
export async function openSession(
  options: Pick<RunOptions, 'env' | 'onProgress'> = {},
): Promise<Session> {
  const env = options.env ?? process.env;
  if (process.platform === 'win32') return openWindowsSession(env);
  const wine = findWine(env);
  requireWineFor(wine, env);
  const node = await installWindowsNode({ ...options, env });
  const prefix = prefixPath(wine, node, env);
  const limitMs = startLimitMs(env);
  requireWindowsName(prefix, 'the directory of the Wine prefix');
  requireWindowsName(here, 'the directory of winnode');
  await ensurePrefix(prefix, wine, node, { ...options, env });
  // From here to the end of the session this process may use a wineserver. A signal must not end
  // the process before it has released the wineserver.
  const held = holdSignals();
  let lease: WineserverLease;
  let links: LinkService;
  try {
    const { onProgress } = options;
    lease = await useWineserver(prefix, wine, { startLimitMs: limitMs, held, onProgress });
    if (held.first !== undefined) {
      await lease.release();
      throw new InterruptedError(held.first);
    }
    links = await answering(prefix, lease);
  } catch (error) {
    held.release();
    if (error instanceof WinnodeError && error.code === 'ERR_PREFIX_BROKEN') distrust(prefix, env);
    throw error;
  }
  return {
    async run(args, runOptions = {}) {
      // After a signal between two runs the session starts no further run.
      const { first } = held;
      if (first !== undefined) return { exitCode: signalExitCode(first), signal: first };
      const packages = await installWindowsPackages(runOptions.cwd, {
        env: runOptions.env ?? env,
        ...options,
      });
      const host = { wine, node, prefix, held, limitMs, links, packages };
      return runUnderWine(host, args, env, runOptions);
    },
    async close() {
      links.close();
      await lease.release();
      held.release();
    },
  };
}

/** Starts to answer questions about links. */
async function answering(prefix: string, lease: WineserverLease): Promise<LinkService> {
  const start = processStart(process.pid) ?? '';
  try {
    return answerLinks(markOf(prefix, process.pid, start, `links-${nextSession++}`), prefix);
  } catch (cause) {
    await lease.release();
    throw explained(cause);
  }
}

let nextSession = 0;

function openWindowsSession(env: NodeJS.ProcessEnv): Session {
  return {
    async run(args, options = {}) {
      const held = holdSignals();
      try {
        const host = { held, end: endOnWindows };
        const child = await runChild(process.execPath, args, options.env ?? env, options, host);
        return resultOf(child, crashOnWindows(child.exitCode));
      } finally {
        held.release();
      }
    },
    async close() {},
  };
}

function resultOf({ exitCode, signal, isTimedOut }: ChildEnd, crash?: string): RunResult {
  if (isTimedOut) return { exitCode, signal, isTimedOut };
  return { exitCode, signal, ...(crash === undefined ? {} : { crash }) };
}

interface WineHost {
  readonly wine: Wine;
  readonly node: WindowsNode;
  readonly prefix: string;
  readonly held: HeldSignals;
  readonly limitMs: number;
  readonly links: LinkService;
  /** The directory with the project's Windows packages. */
  readonly packages: string | undefined;
}

/** The end of a run under Wine, and how far the program had got. */
interface WineEnd extends ChildEnd {
  readonly progress: Progress;
}

let nextRun = 0;
const here = fileURLToPath(new URL('.', import.meta.url));

async function runUnderWine(
  host: WineHost,
  args: readonly string[],
  sessionEnv: NodeJS.ProcessEnv,
  options: RunOptions,
): Promise<RunResult> {
  const { prefix, held } = host;
  const isExpected = shouldStart(args);
  const startedMs = performance.now();
  const came: NodeJS.Signals[] = [];
  // Covers both starts and the time between them.
  const stopListening = held.listen((signal) => came.push(signal));
  try {
    let end = await runOnce(host, args, sessionEnv, options);
    const { timeLimitMs } = options;
    const leftMs = timeLimitMs && Math.floor(timeLimitMs - (performance.now() - startedMs));
    const isTime = leftMs === undefined || leftMs >= 1;
    if (isExpected && isTime && isUnstarted(end) && (await isServed(host)) && came.length === 0) {
      const why = crashUnderWine(end.exitCode, end.progress);
      options.onProgress?.(`Windows Node did not start (${why}). winnode starts it once more.`);
      const again = leftMs === undefined ? options : { ...options, timeLimitMs: leftMs };
      end = await runOnce(host, args, sessionEnv, again);
    }
    // A signal that arrived between two starts, or during a failed start: no program received it.
    const [first] = came;
    if (first !== undefined && isUnstarted(end) && options.forwardSignals !== false) {
      return { exitCode: signalExitCode(first), signal: first };
    }
    return judged(end, isExpected, () => distrust(prefix, sessionEnv));
  } finally {
    stopListening();
  }
}

/** True if a wineserver runs. False if this cannot be determined: a second start would fail, too. */
async function isServed({ prefix, wine }: WineHost): Promise<boolean> {
  return isRunning(prefix, wine).catch(() => false);
}

/** True if the program exited by itself before any of its code ran. */
function isUnstarted(end: WineEnd): boolean {
  const { signal, isTimedOut, wasHeadless, exitCode, progress } = end;
  if (signal !== null || isTimedOut || wasHeadless) return false;
  return isFailedStart(exitCode, progress);
}

/**
 * Derives the result of a run from the end of its program.
 *
 * @param isExpected false if Node may exit before the preload runs, as with `-v`
 */
function judged(child: WineEnd, isExpected: boolean, doubtPrefix: () => void): RunResult {
  if (child.wasHeadless && !child.isTimedOut) {
    const crash = 'its main thread crashed, and its other threads waited for ever';
    return { exitCode: crashExitCode, signal: null, crash };
  }
  const { exitCode, signal, came, progress } = child;
  // After Ctrl-C the exit code is 0 under Wine 8, as after a success, and 58 under Wine 10.
  if (came.has('SIGINT') && signal === null && !progress.isEnded && !child.isTimedOut) {
    return { exitCode: signalExitCode('SIGINT'), signal: 'SIGINT' };
  }
  if (signal !== null) {
    return resultOf(child, came.has(signal) ? undefined : killedBy(signal));
  }
  if (isLoaderFailure(exitCode, progress)) doubtPrefix();
  // After a forwarded signal any exit code is valid.
  if (came.size > 0 || child.isTimedOut) return resultOf(child);
  if (exitCode === 0 && !isExpected && !progress.isStarted) return resultOf(child);
  const crash = crashUnderWine(exitCode, progress);
  return resultOf(exitCode === 0 && crash ? { ...child, exitCode: crashExitCode } : child, crash);
}

async function runOnce(
  host: WineHost,
  args: readonly string[],
  sessionEnv: NodeJS.ProcessEnv,
  options: RunOptions,
): Promise<WineEnd> {
  const { wine, node, prefix, held, limitMs, links, packages } = host;
  const directory = workingDirectory(options.cwd);
  const env = wineEnvironment(prefix, options.env ?? sessionEnv);
  const mark = markOf(prefix, process.pid, processStart(process.pid) ?? '', nextRun++);
  let files: ProgressFiles;
  try {
    files = new ProgressFiles(mark);
  } catch (cause) {
    throw explained(cause);
  }
  // If the wineserver is killed while a program starts, the program waits for ever.
  const isPossible = watchWineserver(prefix);
  try {
    const [command, ...rest] = [...diesWithUs(), wine.loader, nodeIn(prefix, node), ...args];
    const child = await runChild(
      command as string,
      rest,
      {
        ...env,
        ...files.environment,
        WINNODE_DIRECTORY: toWindowsPath(directory),
        WINNODE_LINKS: toWindowsPath(links.directory),
        WINNODE_PACKAGES: packages && toWindowsPath(packages),
        NODE_OPTIONS: nodeOptions(args, env['NODE_OPTIONS'], {
          readable: [...preloads, ...(packages === undefined ? [] : [packages])],
          writable: [...files.paths, links.directory],
        }),
        [markVariable]: mark,
      },
      options,
      {
        held,
        end: async (process) => {
          process.kill('SIGKILL');
          await endRun(mark);
        },
        afterExit: () => void endDesktop(mark),
        ...(waitsForDebugger([...args, env['NODE_OPTIONS'] ?? ''])
          ? {}
          : { start: { isSeen: () => files.progress.isStarted, isPossible, limitMs } }),
      },
    );
    if (child.isStuck && !isPossible()) throw unserved(prefix, files.progress);
    if (child.isStuck) throw await stuck(prefix, limitMs, files.progress);
    if (files.isElsewhere) throw elsewhere(directory);
    return { ...child, progress: files.progress };
  } finally {
    files.remove();
  }
}

/** The preload and its parts; the release build has a single file. */
const preloads = ['', '-children', '-files', '-links', '-packages'].map((part) =>
  join(here, `preload${part}.cjs`),
);

/**
 * The program's working directory, as a path of this host.
 *
 * @throws {WinnodeError} `ERR_DIRECTORY` if Windows cannot express it; `ERR_LAUNCH` if it is gone.
 */
function workingDirectory(cwd: string | undefined): string {
  let path: string;
  try {
    path = realpathSync.native(cwd ?? '.');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const name = cwd === undefined ? 'The working directory' : `The working directory ${cwd}`;
    const hint = 'Probably it does not exist any more. Change to another directory.';
    throw new WinnodeError('ERR_LAUNCH', `${name} cannot be used: ${code}.`, hint, { cause });
  }
  requireWindowsName(path, 'the working directory');
  return path;
}

/** The error if Wine could not open the working directory and used another one instead. */
function elsewhere(directory: string): WinnodeError {
  return new WinnodeError(
    'ERR_DIRECTORY',
    `Wine cannot open the working directory ${directory}, so nothing was run.`,
    'Probably its path is longer than 256 characters, or is not valid UTF-8. Use another directory.',
  );
}

/** With these options Node waits for a debugger before it loads the preload. */
const waitsForDebugger = (options: readonly string[]) =>
  options.some((option) => /--inspect-(brk|wait)\b/.test(option));

/**
 * The command prefix that makes the kernel end the program after `kill -9` of this process. The
 * kernel ties the program to the thread that starts it: only the main thread uses this.
 */
function diesWithUs(): string[] {
  const setpriv = '/usr/bin/setpriv';
  return isMainThread && existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL'] : [];
}

/**
 * NODE_OPTIONS with the preload first. If the program uses Node's permission model, it also gets the
 * permissions that the preload needs: to read its own files, and to record the program's progress.
 *
 * `--preserve-symlinks`: without it Node calls lstat for each directory of each path to find links.
 * Under Wine lstat never reports a link and takes a millisecond; these calls took half of the time
 * in which a program is loaded. The preload resolves links with one call for each file.
 */
function nodeOptions(
  args: readonly string[],
  given: string | undefined,
  paths: { readonly readable: readonly string[]; readonly writable: readonly string[] },
): string {
  const [preload = ''] = preloads.map((file) => toWindowsPath(file));
  const isRestricted = [...args, given ?? ''].some((text) =>
    /--(experimental-)?permission\b/.test(text),
  );
  const allowed = [
    ...[...paths.readable, ...paths.writable].map((path) => ['--allow-fs-read', path] as const),
    ...paths.writable.map((path) => ['--allow-fs-write', path] as const),
  ].map(([option, path]) => quoteNodeOption(`${option}=${toWindowsPath(path)}`));
  const options = [`-r ${quoteNodeOption(preload)}`, '--preserve-symlinks'];
  const theirs = nodeOptionsOnDriveZ(given ?? '');
  return [...options, ...(isRestricted ? allowed : []), theirs].filter(Boolean).join(' ');
}
