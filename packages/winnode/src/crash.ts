/** Exit codes of Windows for a program that did not end by itself. */
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

/** The same for one that did not get as far as its first instruction. */
const loaderCauses = new Map<number, string>([
  [0xc000_007b, 'STATUS_INVALID_IMAGE_FORMAT'],
  [0xc000_012f, 'STATUS_INVALID_IMAGE_NOT_MZ'],
  [0xc000_0135, 'STATUS_DLL_NOT_FOUND'],
  [0xc000_0139, 'STATUS_ENTRYPOINT_NOT_FOUND'],
  [0xc000_0142, 'STATUS_DLL_INIT_FAILED'],
]);

const accessViolation = 0xc000_0005;
/** What a program dies of before it has started. Node ends with other such codes by itself. */
const unstartedCauses = new Map([
  ...loaderCauses,
  [accessViolation, causes.get(accessViolation) as string],
]);

/** Node ends with this on `process.abort()` and on a failed assertion of its own. */
const abortCode = 134;
/** Node ends with this where Windows, or Wine without its registry, says that it is too old. */
const oldWindowsCode = 216;
const oldWindows = `exit code ${oldWindowsCode}: Node takes the version that Wine reports for too old`;
const aborted = `exit code ${abortCode}: process.abort(), or a failed assertion of Node's own`;

/** The exit code of a crash whose own code Wine has lost. */
export const crashExitCode = 1;
/** Wine's debugger, which it starts for a program that crashes, may end it with code 0. */
const lost = 'no exit of its own, and Wine says 0: most likely a crash whose exit code was lost';
/** So does a program whose wineserver ends while it is being loaded. */
const neverBegan = 'it ended before it ran anything, and Wine says 0';

const hexadecimal = (code: number) => `0x${code.toString(16).toUpperCase()}`;

/** How far a program got, as the preload saw it. */
export interface Progress {
  readonly isStarted: boolean;
  /** It ended by its own will: Node said `exit`, or the program ended itself with code 0. */
  readonly isEnded: boolean;
}

/** What a program died of on Windows, by its exit code; undefined if it ended by itself. */
export function crashOnWindows(exitCode: number): string | undefined {
  if (exitCode === abortCode) return aborted;
  if (exitCode < 0x8000_0000) return undefined;
  const name = causes.get(exitCode) ?? loaderCauses.get(exitCode) ?? 'see ntstatus.h';
  return `${hexadecimal(exitCode)} ${name}`;
}

/** True when the Windows Node was not loaded at all: the prefix, or the file, is bad. */
export function isLoaderFailure(exitCode: number, { isStarted }: Progress): boolean {
  return !isStarted && find(loaderCauses, exitCode) !== undefined;
}

/** Options that have Node do its work before it loads anything, the preload included. */
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

/** Node's own part of a command line, as far as it can be recognized: up to what is surely a script. */
function nodeOptionsOf(args: readonly string[]): readonly string[] {
  const script = args.findIndex((word, index) => {
    const before = args[index - 1] ?? '';
    // After an option without a value in it, a word may be its value.
    return word === '--' || !(word.startsWith('-') || /^-[^=]*$/.test(before));
  });
  return script === -1 ? args : args.slice(0, script);
}

/** False where a program may be right to end without having started, as with `-v`. By its arguments. */
export function shouldStart(args: readonly string[]): boolean {
  const nameOf = (word: string) => word.replace(/=.*/s, '').replaceAll('_', '-');
  return !nodeOptionsOf(args).some((word) => earlyOptions.includes(nameOf(word)));
}

/**
 * True when a program that should have started did not, though nothing in it had a say: it failed to
 * load, or died of it. Wine has that happen once in thousands of starts. It is safe to start again.
 */
export function isFailedStart(exitCode: number, progress: Progress): boolean {
  if (progress.isStarted) return false;
  return exitCode === 0 || find(unstartedCauses, exitCode) !== undefined;
}

/**
 * The same under Wine, where Unix passes on the lowest 8 bits of an exit code. That is enough: which
 * codes are meant is known from how far the program got.
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
 * What a signal that winnode did not pass on says of an end. A wineserver sends SIGKILL to a program that
 * takes over a second to die, as a crash with its debugger may on a busy machine.
 */
export function killedBy(signal: NodeJS.Signals): string {
  if (signal !== 'SIGKILL') return `${signal}, which winnode did not send`;
  return `${signal}, by the system for want of memory, by Wine after a crash that took long, or by another program`;
}

const find = (table: Map<number, string>, exitCode: number) =>
  [...table].find(([code]) => (code & 0xff) === exitCode);
