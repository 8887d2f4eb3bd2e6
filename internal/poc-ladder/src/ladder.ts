import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes, readStageTrace, type StageTrace, type Verdict } from 'poc-kit';
import { openSession, type Session, toWindowsPath } from 'winnode';
import { type Stage, stages } from './stages.js';

/** The two builds, in the order in which the stages are proven. */
export const builds = ['debug', 'release'] as const;

/** One of the two builds. */
export type Build = (typeof builds)[number];

/** The stages to run, and the callbacks of the progress. */
export interface LadderOptions {
  /** Names of stages; default: all. */
  readonly stages?: readonly string[];
  /** Default: both. */
  readonly builds?: readonly Build[];
  /** Arguments for the stages that accept: `--external`, `--port NUMBER`. */
  readonly arguments?: readonly string[];
  /** Arguments for every stage: `--trace`, `--trace-file FILE` with a path of Windows Node's. */
  readonly traceArguments?: readonly string[];
  /** Measure the figures of tofu's specifications, too, which takes minutes. Default: no. */
  readonly isThorough?: boolean;
  /** Keep the first calls of each run for {@link StageResult.trace}. Default: no. */
  readonly isTraceKept?: boolean;
  /** Called with each line of each stage except the verdict. */
  readonly print: (line: string) => void;
}

/** The result of one stage in one build. */
export interface StageResult {
  readonly stage: string;
  readonly build: Build;
  /** Undefined if the stage ended without a verdict. */
  readonly verdict: Verdict | undefined;
  readonly exitCode: number;
  /** The signal that ended the stage, if one did; no further stage runs after that. */
  readonly signal: NodeJS.Signals | null;
  /** Absent if no trace was requested, or if the process ended before it had written it. */
  readonly trace?: StageTrace;
}

/** True only if the verdict is `proven`, and is that of the requested build. */
export function isProven({ build, verdict, exitCode }: StageResult): boolean {
  return exitCode === 0 && verdict?.verdict === 'proven' && verdict.build === build;
}

/** True if the verdict is `unsupported`: this host lacks the feature. */
export function isUnsupported({ build, verdict, exitCode }: StageResult): boolean {
  const isSaid = verdict?.verdict === 'unsupported' && verdict.build === build;
  return isSaid && exitCode === exitCodes.unsupported;
}

/**
 * True if at least one stage was proven and none failed. A ladder with only unsupported stages has
 * not passed.
 */
export function isLadderPassed(results: readonly StageResult[]): boolean {
  return (
    results.some(isProven) && results.every((result) => isProven(result) || isUnsupported(result))
  );
}

/**
 * Runs the stages one after another, each in its own process.
 *
 * @throws {RangeError} for an unknown stage.
 * @throws {WinnodeError} if this host cannot run Windows Node.
 */
export async function runLadder(options: LadderOptions): Promise<StageResult[]> {
  const unknown = options.stages?.find((name) => !stages.some((stage) => stage.name === name));
  if (unknown !== undefined) throw new RangeError(`Unknown stage "${unknown}".`);
  const asked = stages.filter(({ name }) => options.stages?.includes(name) ?? true);
  const session = await openSession({ onProgress: options.print });
  const results: StageResult[] = [];
  const traces = options.isTraceKept ? makeTraceDirectory(options.print) : undefined;
  try {
    for (const build of options.builds ?? builds) {
      for (const stage of asked) {
        const result = await runStage(session, stage, build, { ...options, traces });
        results.push(result);
        if (result.signal !== null) return results;
      }
    }
  } finally {
    if (traces !== undefined) rmSync(traces, { recursive: true, force: true, maxRetries: 3 });
    await session.close();
  }
  return results;
}

/**
 * The directory for the stages' traces. If it cannot be created, the stages run without traces.
 */
function makeTraceDirectory(print: (line: string) => void): string | undefined {
  try {
    return mkdtempSync(join(tmpdir(), 'tofu-nt-traces-'));
  } catch (error) {
    print(`No traces for the report: ${(error as Error).message}`);
    return undefined;
  }
}

function readTrace(file: string): StageTrace | undefined {
  try {
    return readStageTrace(file);
  } catch {
    // The process ended before it had written the whole file.
    return undefined;
  }
}

/** The environment in which a stage's process loads the debug or the release build. */
function environmentOf(build: Build): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _ours, ...env } = process.env;
  return build === 'debug' ? { ...env, NODE_OPTIONS: '--conditions=debug' } : env;
}

const runner = fileURLToPath(new URL('./run-stage.js', import.meta.url));

/**
 * Runs the echo server of stage 2 in this terminal, until Ctrl-C.
 *
 * @param args `--address TEXT`, `--trace`, `--trace-file FILE`, or nothing.
 * @returns its exit code: 0 after an orderly end, 2 if it cannot listen on the address.
 * @throws {WinnodeError} if this host cannot run Windows Node.
 */
export async function runEchoServer(
  build: Build,
  args: readonly string[],
  onProgress: (line: string) => void,
): Promise<number> {
  const session = await openSession({ onProgress });
  try {
    const server = [runner, 'poc-stage2-echo', '--serve', ...args];
    return (await session.run(server, { env: environmentOf(build) })).exitCode;
  } finally {
    await session.close();
  }
}

async function runStage(
  session: Session,
  stage: Stage,
  build: Build,
  options: LadderOptions & { readonly traces: string | undefined },
): Promise<StageResult> {
  const accepted = stage.accepts ? (options.arguments ?? []) : [];
  const isLong = options.isThorough === true && stage.hasFigures;
  const own = isLong ? [...accepted, '--thorough'] : accepted;
  const file = options.traces && join(options.traces, `${stage.name}-${build}.json`);
  const records = file === undefined ? [] : [`--trace-records=${toWindowsPath(file)}`];
  const stageArguments = [...own, ...(options.traceArguments ?? []), ...records];
  let verdict: Verdict | undefined;
  const { exitCode, signal } = await session.run([runner, stage.package, ...stageArguments], {
    env: environmentOf(build),
    stdio: ['ignore', 'pipe', 'inherit'],
    onSpawn: ({ stdout }) => {
      eachLine(stdout as NodeJS.ReadableStream, (line) => {
        const found = parseVerdict(line);
        if (found === undefined) options.print(line);
        else verdict = found;
      });
    },
  });
  const trace = file === undefined ? undefined : readTrace(file);
  const result = { stage: stage.name, build, verdict, exitCode, signal };
  return trace === undefined ? result : { ...result, trace };
}

function parseVerdict(line: string): Verdict | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const found = JSON.parse(line) as Partial<Verdict>;
    return Array.isArray(found.checks) && found.verdict !== undefined
      ? (found as Verdict)
      : undefined;
  } catch {
    return undefined;
  }
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line.replace(/\r$/, ''));
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
