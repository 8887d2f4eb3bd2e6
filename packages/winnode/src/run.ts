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
import { answersInTime, isRunning, stateOf, wineserverPid } from './wineserver-process.js';

/** A host's way of running Windows Node, ready for use. */
export interface Session {
  /** Runs Windows Node once: node options, a script and its arguments, as on a command line. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Ends the session; what it started ends with its last user. Idempotent. */
  close(): Promise<void>;
}

/**
 * Runs Windows Node once: natively on Windows with the Node that runs this, elsewhere under Wine.
 * Arguments are Node's own: options, a script, the script's arguments.
 *
 * @throws {WinnodeError} when this host cannot; a program that fails is a result, not an error.
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
 * Prepares this host for several runs: under Wine the prefix is made if need be and one wineserver
 * is kept for all of them, so that each starts in 0.2 s instead of 1 s. Windows Node is fetched if need
 * be, and at a run the Windows builds of the packages of the project in its working directory.
 *
 * @throws {WinnodeError} when this host cannot run Windows Node.
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
  // From here to the end of the session a wineserver may run for us: a signal must not end this
  // process without giving it back.
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
      // A signal between two runs ends the session's runs.
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

/** Answers questions about links from now on. */
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
  /** The tree of the project's Windows packages. */
  readonly packages: string | undefined;
}

/** How a run under Wine ended, and how far it had come. */
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
  // Over both starts and what is between them.
  const stopListening = held.listen((signal) => came.push(signal));
  try {
    let end = await runOnce(host, args, sessionEnv, options);
    const { timeLimitMs } = options;
    const leftMs = timeLimitMs && Math.floor(timeLimitMs - (performance.now() - startedMs));
    const isTime = leftMs === undefined || leftMs >= 1;
    if (isExpected && isTime && isUnstarted(end) && (await isServed(host)) && came.length === 0) {
      const why = crashUnderWine(end.exitCode, end.progress);
      options.onProgress?.(`Windows Node did not start (${why}). It is started again.`);
      const again = leftMs === undefined ? options : { ...options, timeLimitMs: leftMs };
      end = await runOnce(host, args, sessionEnv, again);
    }
    // One that came when no program could receive it: between two starts, or while a failed start ended.
    const [first] = came;
    if (first !== undefined && isUnstarted(end) && options.forwardSignals !== false) {
      return { exitCode: signalExitCode(first), signal: first };
    }
    return judged(end, isExpected, () => distrust(prefix, sessionEnv));
  } finally {
    stopListening();
  }
}

/** Whether the wineserver is there still. One that does not answer is no reason to try again. */
async function isServed({ prefix, wine }: WineHost): Promise<boolean> {
  return isRunning(prefix, wine).catch(() => false);
}

/** It ended by itself before it ran anything. */
function isUnstarted(end: WineEnd): boolean {
  const { signal, isTimedOut, wasHeadless, exitCode, progress } = end;
  if (signal !== null || isTimedOut || wasHeadless) return false;
  return isFailedStart(exitCode, progress);
}

/** What an end means. @param isExpected whether it should have started */
function judged(child: WineEnd, isExpected: boolean, doubtPrefix: () => void): RunResult {
  if (child.wasHeadless && !child.isTimedOut) {
    const crash = 'its main thread crashed, and the others waited for it';
    return { exitCode: crashExitCode, signal: null, crash };
  }
  const { exitCode, signal, came, progress } = child;
  // To die of Ctrl-C is exit code 0 under Wine 8, as if it were a success, and 58 under Wine 10.
  if (came.has('SIGINT') && signal === null && !progress.isEnded && !child.isTimedOut) {
    return { exitCode: signalExitCode('SIGINT'), signal: 'SIGINT' };
  }
  if (signal !== null) {
    return resultOf(child, came.has(signal) ? undefined : killedBy(signal));
  }
  if (isLoaderFailure(exitCode, progress)) doubtPrefix();
  // After a signal that was passed on, the program may end as it likes.
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
          : { start: { isSeen: () => files.progress.isStarted, limitMs } }),
      },
    );
    if (child.isStuck) throw await stuck(prefix, limitMs, files.progress);
    if (files.isElsewhere) throw elsewhere(directory);
    return { ...child, progress: files.progress };
  } finally {
    files.remove();
  }
}

/** The preload and its parts; in the release build one file. */
const preloads = ['', '-children', '-files', '-links', '-packages'].map((part) =>
  join(here, `preload${part}.cjs`),
);

/**
 * Where a program is to run, as this host has it.
 *
 * @throws {WinnodeError} `ERR_DIRECTORY` where Windows has no name for it; `ERR_LAUNCH` if it is gone.
 */
function workingDirectory(cwd: string | undefined): string {
  let path: string;
  try {
    path = realpathSync.native(cwd ?? '.');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const message = `The working directory ${cwd ?? ''} cannot be entered: ${code}.`;
    throw new WinnodeError('ERR_LAUNCH', message, 'Is it gone? Change to another one.', { cause });
  }
  requireWindowsName(path, 'the working directory');
  return path;
}

/** Wine puts a program whose directory it cannot open into another one, with a line that says so. */
function elsewhere(directory: string): WinnodeError {
  return new WinnodeError(
    'ERR_DIRECTORY',
    `Wine cannot open the working directory ${directory}, so nothing was run.`,
    'Is its path longer than 256 characters, or has a name that is no UTF-8? Use another directory.',
  );
}

/** With these options Node waits for a debugger before it loads anything, the preload included. */
const waitsForDebugger = (options: readonly string[]) =>
  options.some((option) => /--inspect-(brk|wait)\b/.test(option));

/** The error of a program that did not start in time, and was ended. */
async function stuck(
  prefix: string,
  limitMs: number,
  { isStarted }: Progress,
): Promise<WinnodeError> {
  const seconds = limitMs / 1_000;
  // It may get going at the very moment in which it is ended.
  const late = isStarted
    ? `Windows Node took more than ${seconds} s to begin, and was ended when it had`
    : `Windows Node did not start within ${seconds} s`;
  const pid = wineserverPid(prefix);
  if (pid === undefined || (await answersInTime(pid, Math.min(limitMs, 2_000)))) {
    const hint = 'Is this machine very busy? WINNODE_START_LIMIT gives it more seconds.';
    return new WinnodeError('ERR_START_LIMIT', `${late}.`, hint);
  }
  return new WinnodeError(
    'ERR_WINESERVER',
    `${late}: the wineserver of ${prefix}, process ${pid}, does not answer${stateOf(pid)}.`,
    `It is ended now unless others use it. If they do: kill -9 ${pid}`,
  );
}

/**
 * What to put in front of a command so that the kernel ends it when this process is ended by
 * `kill -9`, of which no handler hears. Tied to the thread that starts it, so for the main one only.
 */
function diesWithUs(): string[] {
  const setpriv = '/usr/bin/setpriv';
  return isMainThread && existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL'] : [];
}

/**
 * NODE_OPTIONS with the preload, which comes first. Node's permission model would keep it from being
 * read, and from saying how far the program got.
 *
 * `--preserve-symlinks`: Node would look for links by one lstat for each directory of each path. Wine
 * shows no link to lstat, and takes a millisecond for it: half of the time in which a program is
 * loaded. The preload resolves links, by one call for each file.
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
