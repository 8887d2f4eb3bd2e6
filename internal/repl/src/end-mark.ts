/**
 * The last output of the program before an orderly end: an application program command, which
 * terminals do not display. The reader of the output then closes the program's standard input.
 * Under Wine a Node thread that reads from a pipe keeps the process from exiting until there is
 * something to read.
 */
export const endMark = '\u001b_nt-repl ends\u001b\\';

/** The output without {@link endMark}, and whether the output contained it. */
export function takeEndMark(written: Buffer): {
  readonly text: Buffer;
  readonly isEnding: boolean;
} {
  const at = written.indexOf(endMark);
  if (at === -1) return { text: written, isEnding: false };
  const rest = written.subarray(at + endMark.length);
  return { text: Buffer.concat([written.subarray(0, at), rest]), isEnding: true };
}
