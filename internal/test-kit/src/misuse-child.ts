/**
 * The process that runs wrong uses of a library, one after another. It must load in any Node, so
 * it imports no test framework.
 *
 * @packageDocumentation
 */
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** The cases that a process is to run, by their numbers, with commas between them. */
export const casesVariable = 'MISUSE_CASES';

/** Starts every line of a report, so that it differs from what a case prints itself. */
export const reportMark = '#misuse ';

/** A library used wrongly, in one way. */
export interface MisuseCase {
  readonly name: string;
  /** The code of the error that must be thrown. */
  readonly code: string;
  /** True if the kernel is called on the way: only Windows can run it, or a simulated kernel. */
  readonly isNative: boolean;
  readonly run: () => unknown;
}

/** What a process writes before a case and after it. */
export interface MisuseReport {
  readonly index: number;
  readonly at: 'start' | 'end';
  /** Of an end: what was thrown; empty if nothing was. */
  readonly thrown?: string;
  /** Of an end: what the case left behind; empty if nothing. */
  readonly left?: string;
}

/**
 * Runs the cases that the parent process asked for; does nothing in any other process.
 *
 * @param clean called after each case: closes what it opened, and says what is left all the same.
 *   If something is, the process ends, and the next case runs in a new one.
 */
export async function serveMisuses(
  cases: readonly MisuseCase[],
  clean: () => string | Promise<string>,
): Promise<void> {
  const asked = process.env[casesVariable];
  if (asked === undefined) return;
  for (const index of asked.split(',').map(Number)) {
    const misuse = cases[index];
    if (misuse === undefined) throw new RangeError(`There is no case ${index}.`);
    report({ index, at: 'start' });
    const thrown = await whatThrows(misuse.run);
    // An error out of a callback or a rejection belongs to this case: it ends the process here.
    await setImmediate();
    const left = await clean();
    report({ index, at: 'end', thrown, left });
    // The next case starts where nothing is left: in a new process.
    if (left !== '') break;
  }
  process.exit(0);
}

async function whatThrows(run: () => unknown): Promise<string> {
  try {
    await run();
    return '';
  } catch (error) {
    const { name, code, message } = (error ?? {}) as NodeJS.ErrnoException;
    return `${name} ${code}: ${message}`;
  }
}

/** Written at once: nothing of it is lost when the process ends in the next line. */
function report(line: MisuseReport): void {
  writeSync(1, `${reportMark}${JSON.stringify(line)}\n`);
}
