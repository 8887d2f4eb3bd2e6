/** A command line was wrong: the message says how it is right. */
export class UsageError extends Error {
  /** What parseArgs of node:util threw, cut down to its first sentence, and a hint. */
  static from(error: unknown, hint: string): UsageError {
    if (error instanceof UsageError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new UsageError(`${message.split(/\.?(?:\n|$)|\. /)[0]}. ${hint}`);
  }
}
