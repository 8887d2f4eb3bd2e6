/**
 * The last that the program writes when it ends in order: an application program command, which terminals
 * do not show. Its reader closes the program's standard input. Under Wine a thread of Node's that
 * reads from a pipe keeps the process from ending until there is something to read.
 */
export const endMark = '\u001b_nt-repl ends\u001b\\';

/** What was written, without {@link endMark}, and whether that was in it. */
export function takeEndMark(written: Buffer): {
  readonly text: Buffer;
  readonly isEnding: boolean;
} {
  const at = written.indexOf(endMark);
  if (at === -1) return { text: written, isEnding: false };
  const rest = written.subarray(at + endMark.length);
  return { text: Buffer.concat([written.subarray(0, at), rest]), isEnding: true };
}
