/** Exit codes with which Windows reports that a program crashed. */
const causes = new Map<number, string>([
  [0x8000_0003, 'STATUS_BREAKPOINT'],
  [0xc000_0005, 'STATUS_ACCESS_VIOLATION'],
  [0xc000_0006, 'STATUS_IN_PAGE_ERROR'],
  [0xc000_0017, 'STATUS_NO_MEMORY'],
  [0xc000_001d, 'STATUS_ILLEGAL_INSTRUCTION'],
  [0xc000_0094, 'STATUS_INTEGER_DIVIDE_BY_ZERO'],
  [0xc000_00fd, 'STATUS_STACK_OVERFLOW'],
  [0xc000_0374, 'STATUS_HEAP_CORRUPTION'],
  [0xc000_0409, 'STATUS_STACK_BUFFER_OVERRUN'],
  [0xe06d_7363, 'an uncaught C++ exception'],
]);

/** Exit codes of a program that failed before its first instruction. */
const loaderCauses = new Map<number, string>([
  [0xc000_007b, 'STATUS_INVALID_IMAGE_FORMAT'],
  [0xc000_012f, 'STATUS_INVALID_IMAGE_NOT_MZ'],
  [0xc000_0135, 'STATUS_DLL_NOT_FOUND'],
  [0xc000_0139, 'STATUS_ENTRYPOINT_NOT_FOUND'],
  [0xc000_0142, 'STATUS_DLL_INIT_FAILED'],
]);

const accessViolation = 0xc000_0005;
/**
 * Codes that mean a crash only if the program had not started: Node itself exits with others of
 * these codes.
 */
const unstartedCauses = new Map([
  ...loaderCauses,
  [accessViolation, causes.get(accessViolation) as string],
]);

/** Node's exit code after `process.abort()` and after a failed assertion of Node itself. */
const abortCode = 134;
/**
 * Node's exit code if the system reports a version of Windows that is too old. Wine without its
 * registry does so.
 */
const oldWindowsCode = 216;
const oldWindows = `exit code ${oldWindowsCode}: Node takes the version that Wine reports for too old`;
const aborted = `exit code ${abortCode}: process.abort(), or a failed assertion of Node's own`;

/** The exit code that winnode uses for a crash whose own code Wine has lost. */
export const crashExitCode = 1;
/**
 * Wine starts its debugger for a crashed program. The debugger may end the program with code 0.
 */
const lost =
  'Wine returned 0, but the program did not exit by itself: most likely a crash whose exit code was lost';
/** A program whose wineserver ends while the program is loaded also exits with code 0. */
const neverBegan = 'it ended before it ran anything, and Wine says 0';

const hexadecimal = (code: number) => `0x${code.toString(16).toUpperCase()}`;

/** How far a program got, as the preload observed it. */
export interface Progress {
  readonly isStarted: boolean;
  /** It exited by itself: Node emitted `exit`, or the program exited with code 0. */
  readonly isEnded: boolean;
}

/** The cause of a crash on Windows, by exit code; undefined if the program exited by itself. */
export function crashOnWindows(exitCode: number): string | undefined {
  if (exitCode === abortCode) return aborted;
  if (exitCode < 0x8000_0000) return undefined;
  const name = causes.get(exitCode) ?? loaderCauses.get(exitCode) ?? 'see ntstatus.h';
  return `${hexadecimal(exitCode)} ${name}`;
}

/** True if Windows Node was not loaded at all: the prefix, or `node.exe`, is bad. */
export function isLoaderFailure(exitCode: number, { isStarted }: Progress): boolean {
  return !isStarted && find(loaderCauses, exitCode) !== undefined;
}

/** Options with which Node finishes before it loads any script, the preload included. */
const earlyOptions = [
  '-v',
  '--version',
  '-h',
  '--help',
  '--v8-options',
  '--completion-bash',
  '--run',
  '--build-snapshot',
  '--build-snapshot-config',
  '--experimental-sea-config',
  '--build-sea',
];

/** Node's own options in a command line: all words before the first that is certainly a script. */
function nodeOptionsOf(args: readonly string[]): readonly string[] {
  const script = args.findIndex((word, index) => {
    const before = args[index - 1] ?? '';
    // A word after an option without `=` may be the value of that option.
    return word === '--' || !(word.startsWith('-') || /^-[^=]*$/.test(before));
  });
  return script === -1 ? args : args.slice(0, script);
}

/** False if the arguments let Node exit correctly before the preload runs, as `-v` does. */
export function shouldStart(args: readonly string[]): boolean {
  const nameOf = (word: string) => word.replace(/=.*/s, '').replaceAll('_', '-');
  return !nodeOptionsOf(args).some((word) => earlyOptions.includes(nameOf(word)));
}

/**
 * True if Wine's loader failed before any code of the program ran. Under Wine this happens once in
 * thousands of starts. The program can safely be started again.
 */
export function isFailedStart(exitCode: number, progress: Progress): boolean {
  if (progress.isStarted) return false;
  return exitCode === 0 || find(unstartedCauses, exitCode) !== undefined;
}

/**
 * The cause of a crash under Wine. Unix passes on only the lowest 8 bits of an exit code. They are
 * sufficient: the progress of the program shows which codes are possible.
 */
export function crashUnderWine(exitCode: number, progress: Progress): string | undefined {
  if (progress.isEnded) return undefined;
  if (exitCode === 0) return progress.isStarted ? lost : neverBegan;
  if (exitCode === abortCode) return aborted;
  if (exitCode === oldWindowsCode && !progress.isStarted) return oldWindows;
  const found = find(progress.isStarted ? causes : unstartedCauses, exitCode);
  if (found !== undefined) return `${hexadecimal(found[0])} ${found[1]} (exit code ${exitCode})`;
  return progress.isStarted ? `exit code ${exitCode}: ended from outside, or at once` : undefined;
}

/**
 * Describes the end of a program by a signal that winnode did not pass on. A wineserver sends
 * SIGKILL to a program that takes longer than a second to exit. A crash with Wine's debugger can
 * take that long on a busy machine.
 */
export function killedBy(signal: NodeJS.Signals): string {
  if (signal !== 'SIGKILL') return `${signal}, which winnode did not send`;
  return `${signal}, by the system for want of memory, by Wine after a crash that took long, or by another program`;
}

const find = (table: Map<number, string>, exitCode: number) =>
  [...table].find(([code]) => (code & 0xff) === exitCode);
