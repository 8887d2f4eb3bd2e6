/** A wrong command line: the message shows the correct form. */
export class UsageError extends Error {
  /** Converts an error of node:util's parseArgs: its first sentence, and a hint. */
  static from(error: unknown, hint: string): UsageError {
    if (error instanceof UsageError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new UsageError(`${message.split(/\.?(?:\n|$)|\. /)[0]}. ${hint}`);
  }
}
