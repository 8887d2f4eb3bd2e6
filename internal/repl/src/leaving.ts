/**
 * The last that the program writes when it ends in order: an application program command, which terminals
 * do not show. Whoever reads it closes the program's standard input. Under Wine a thread of Node's that
 * reads from a pipe keeps the process from ending until there is something to read.
 */
export const leavingText = '\u001b_nt-repl leaves\u001b\\';

/** What was written, without {@link leavingText}, and whether that was in it. */
export function takeLeaving(written: Buffer): {
  readonly text: Buffer;
  readonly isLeaving: boolean;
} {
  const at = written.indexOf(leavingText);
  if (at === -1) return { text: written, isLeaving: false };
  const rest = written.subarray(at + leavingText.length);
  return { text: Buffer.concat([written.subarray(0, at), rest]), isLeaving: true };
}
