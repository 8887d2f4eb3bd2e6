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

/** Exit codes of a program that Windows or Wine could not load. */
const loaderCauses = new Map<number, string>([
  [0xc000_007b, 'STATUS_INVALID_IMAGE_FORMAT'],
  [0xc000_012f, 'STATUS_INVALID_IMAGE_NOT_MZ'],
  [0xc000_0135, 'STATUS_DLL_NOT_FOUND'],
  [0xc000_0139, 'STATUS_ENTRYPOINT_NOT_FOUND'],
  [0xc000_0142, 'STATUS_DLL_INIT_FAILED'],
]);

const accessViolation = 0xc000_0005;
/**
 * Codes of a program that crashed before it started. The other codes of `causes` are left out:
 * Node itself exits with the same lowest 8 bits, for example with 9 for a bad option.
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
const oldWindows = `exit code ${oldWindowsCode}: Wine reports a version of Windows that is too old for Node`;
const aborted = `exit code ${abortCode}: process.abort(), or a failed assertion in Node itself`;

/** The exit code that winnode uses for a crash whose own code Wine has lost. */
export const crashExitCode = 1;
/**
 * Wine starts its debugger for a crashed program. The debugger may end the program with code 0.
 */
const lost =
  'Wine returned 0, but the program did not exit by itself: most likely a crash whose exit code was lost';
/** A program whose wineserver ends while Wine loads the program also exits with code 0. */
const neverStarted =
  'Wine returned 0, but none of its code ran: most likely its wineserver was ended while it started';
const endedByOthers = 'another program ended it, or it ended without its exit handlers';

const hexadecimal = (code: number) => `0x${code.toString(16).toUpperCase()}`;

/** How far a program got, as preload.cts reports it. */
export interface Progress {
  /** The preload ran: Wine has loaded the program. */
  readonly isStarted: boolean;
  /** The program exited by itself: Node emitted `exit`, or the program exited with code 0. */
  readonly isEnded: boolean;
}

/** The cause of a crash on Windows, by exit code; undefined if the program exited by itself. */
export function crashOnWindows(exitCode: number): string | undefined {
  if (exitCode === abortCode) return aborted;
  if (exitCode < 0x8000_0000) return undefined;
  const name = causes.get(exitCode) ?? loaderCauses.get(exitCode) ?? 'see ntstatus.h';
  return `${hexadecimal(exitCode)} ${name}`;
}

/** True if Wine could not load Windows Node: probably the prefix or `node.exe` is damaged. */
export function isLoaderFailure(exitCode: number, { isStarted }: Progress): boolean {
  return !isStarted && find(loaderCauses, exitCode) !== undefined;
}

/** Options with which Node exits before it loads any script, also before the preload. */
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

/** Node's own options in a command line: all words before the first one that must be a script. */
function nodeOptionsOf(args: readonly string[]): readonly string[] {
  const script = args.findIndex((word, index) => {
    const before = args[index - 1] ?? '';
    // A word after an option without `=` may be the value of that option.
    return word === '--' || !(word.startsWith('-') || /^-[^=]*$/.test(before));
  });
  return script === -1 ? args : args.slice(0, script);
}

/** False for arguments with which Node exits correctly before the preload runs, such as `-v`. */
export function shouldStart(args: readonly string[]): boolean {
  const nameOf = (word: string) => word.replace(/=.*/s, '').replaceAll('_', '-');
  return !nodeOptionsOf(args).some((word) => earlyOptions.includes(nameOf(word)));
}

/**
 * True if Wine's loader failed before any code of the program ran. Under Wine about one start in
 * several thousand fails like this. winnode can safely start the program again.
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
  if (exitCode === 0) return progress.isStarted ? lost : neverStarted;
  if (exitCode === abortCode) return aborted;
  if (exitCode === oldWindowsCode && !progress.isStarted) return oldWindows;
  const found = find(progress.isStarted ? causes : unstartedCauses, exitCode);
  if (found !== undefined) return `${hexadecimal(found[0])} ${found[1]} (exit code ${exitCode})`;
  return progress.isStarted ? `exit code ${exitCode}: ${endedByOthers}` : undefined;
}

/**
 * Describes the end of a program by a signal that winnode did not pass on. A wineserver sends
 * SIGKILL to a program that takes longer than a second to exit. A crash with Wine's debugger can
 * take that long on a busy machine.
 */
export function killedBy(signal: NodeJS.Signals): string {
  if (signal !== 'SIGKILL') return `${signal}, which winnode did not send`;
  return `${signal}: the system was out of memory, Wine ended it after a slow crash, or another program ended it`;
}

const find = (table: Map<number, string>, exitCode: number) =>
  [...table].find(([code]) => (code & 0xff) === exitCode);
