import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build } from './build.js';
import { noteLostOutput } from './output.js';
import type { Print, Verdict } from './proof.js';
import { takeTraceFlags, traceFlagNames, withTrace } from './trace-flags.js';
import { UsageError } from './usage-error.js';

/** The name of a stage, and the sentence that it proves. */
export interface StageNames {
  readonly name: string;
  readonly claim: string;
}

/** The options of every stage's `runTest`. */
export interface StageOptions {
  /** Called with each line of text; default: standard output. */
  readonly print?: Print;
  /** The time limit for the event that the stage claims, in milliseconds; default: 10 s. */
  readonly waitLimitMs?: number;
  /** Measure the figures that tofu's specifications require, too; default: only a short form. */
  readonly isThorough?: boolean;
}

/** Further options of a stage that accepts a connection. */
export interface AcceptStageOptions extends StageOptions {
  /** Wait, 120 s by default, for the user's own client instead of starting one. */
  readonly external?: boolean;
  /** The port to listen on, 1 to 65535; default: 0, a free one. */
  readonly port?: number;
}

/** The interface of every stage: construct, run, close. */
export interface Stage {
  run(): Verdict;
  close(): void;
}

/**
 * Runs and closes a stage. If closing fails, mainly because of a leak, the verdict is `failed`.
 */
export function runStage(stage: Stage): Verdict {
  let verdict: Verdict | undefined;
  let closingError: unknown;
  try {
    verdict = stage.run();
  } finally {
    try {
      stage.close();
    } catch (error) {
      closingError = error;
    }
  }
  return closingError === undefined ? verdict : failedBy(verdict, closingError);
}

/** A stage that waits for Node's event loop, so its methods return promises. */
export interface AsyncStage {
  run(): Promise<Verdict>;
  close(): Promise<void>;
}

/** Runs and closes an asynchronous stage as {@link runStage} does. */
export async function runStageAsync(stage: AsyncStage): Promise<Verdict> {
  let verdict: Verdict | undefined;
  let closingError: unknown;
  try {
    verdict = await stage.run();
  } finally {
    await stage.close().catch((error: unknown) => {
      closingError = error;
    });
  }
  return closingError === undefined ? verdict : failedBy(verdict, closingError);
}

function failedBy(verdict: Verdict, closingError: unknown): Verdict {
  const message = closingError instanceof Error ? closingError.message : String(closingError);
  return { ...verdict, verdict: 'failed', reason: verdict.reason || `close failed: ${message}` };
}

/** Writes a line synchronously: a thread that then blocks in the kernel would not flush it. */
export const printLine: Print = (line) => {
  const bytes = Buffer.from(`${line}\n`);
  try {
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(1, bytes, sent);
  } catch (error) {
    noteLostOutput(error as NodeJS.ErrnoException);
  }
};

/** Parses the value of `--port`. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--port needs a number from 0 to 65535, got "${text}".`);
}

/** Parses `--external` and `--port`. */
export function parseAcceptOptions(args: readonly string[]): AcceptStageOptions {
  const options = { external: { type: 'boolean' }, port: { type: 'string' } } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    return {
      ...(values.external === undefined ? {} : { external: values.external }),
      ...(values.port === undefined ? {} : { port: parsePort(values.port) }),
    };
  } catch (error) {
    throw UsageError.from(error, `Known: --external, --port NUMBER, ${traceFlagNames}.`);
  }
}

/**
 * Parses `--thorough` for a stage without other options.
 *
 * @param stage the stage's name, for the message.
 */
export function parseStageOptions(args: readonly string[], stage: string): StageOptions {
  if (args.length === 0) return {};
  if (args.length === 1 && args[0] === '--thorough') return { isThorough: true };
  const known = `--thorough, ${traceFlagNames}`;
  throw new UsageError(`${stage} takes ${known}; got "${args.join(' ')}".`);
}

/** Exit codes of a stage. Unsupported is neither success nor failure, so it has its own code. */
export const exitCodes = { proven: 0, failed: 1, unsupported: 3 } as const;

/**
 * Runs a main program. For wrong arguments it prints one line to standard error and sets exit code
 * 2.
 */
export async function reportUsage(main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

/**
 * The main program of a stage: runs it, prints the verdict as one line of JSON, and sets the exit
 * code: one of {@link exitCodes}, or 2 for wrong arguments. It removes `--trace` and
 * `--trace-file` from the arguments before it passes them to the stage.
 */
export function stageMain(
  stage: string,
  run: (args: readonly string[]) => Verdict | Promise<Verdict>,
): Promise<void> {
  return reportUsage(async () => {
    const { rest, ...flags } = takeTraceFlags(process.argv.slice(2));
    const verdict = await withTrace(flags, `${stage} (${build} build)`, () => run(rest));
    printLine(JSON.stringify(verdict));
    process.exitCode = exitCodes[verdict.verdict];
  });
}
