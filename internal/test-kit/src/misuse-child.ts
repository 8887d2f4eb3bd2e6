/**
 * The process that runs misuses of a library, one after another. It must load in any Node, so it
 * imports no test framework.
 *
 * @packageDocumentation
 */
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** The variable with the numbers of the cases to run, separated by commas. */
export const casesVariable = 'MISUSE_CASES';

/** The start of every report line, which distinguishes it from the output of a case. */
export const reportMark = '#misuse ';

/** One misuse of a library. */
export interface MisuseCase {
  readonly name: string;
  /** The code of the error that must be thrown. */
  readonly code: string;
  /** True if the misuse calls the kernel: only Windows or a simulated kernel can run it. */
  readonly isNative: boolean;
  readonly run: () => unknown;
}

/** The line that a process writes before and after a case. */
export interface MisuseReport {
  readonly index: number;
  readonly at: 'start' | 'end';
  /** After a case: the thrown error; empty if there was none. */
  readonly thrown?: string;
  /** After a case: the leftovers of the case; empty if there were none. */
  readonly left?: string;
}

/**
 * Runs the cases that the parent process requested; does nothing in any other process.
 *
 * @param clean is called after each case: closes what the case opened, and returns a description
 *   of anything that could not be closed. If there is something, the process ends, and the next
 *   case runs in a new one.
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
    // An error from a callback or a rejection belongs to this case: it ends the process here.
    await setImmediate();
    const left = await clean();
    report({ index, at: 'end', thrown, left });
    // The next case must start clean, so it runs in a new process.
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

/** Written synchronously: nothing is lost if the process ends in the next line. */
function report(line: MisuseReport): void {
  writeSync(1, `${reportMark}${JSON.stringify(line)}\n`);
}
