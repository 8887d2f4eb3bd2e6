/** The exit codes of the command; its help and the README list them. */
export const exitCodes = {
  /** It ended gracefully. */
  ended: 0,
  /** It could not start, or its output is incomplete. */
  failed: 1,
  /** Wrong arguments. */
  usage: 2,
  /** This host is not Windows NT. */
  host: 3,
  /** The reader of its output has closed it: 128 + SIGPIPE, as a shell reports it. */
  brokenPipe: 141,
} as const;

/** The command cannot start or continue. The message is one line for the user. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** The error for wrong arguments. */
export function usageError(message: string): CommandError {
  return new CommandError(`${message} tofu --help lists the usage.`, exitCodes.usage);
}
