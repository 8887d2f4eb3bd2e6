import { WinnodeError } from './errors.js';

/** The longest delay of a Node timer, in milliseconds. */
const longestMs = 2 ** 31 - 1;

/** The range of {@link parseSeconds}, as text for a message. */
export const secondsRange = `from 0.001 to ${Math.floor(longestMs / 1_000)}`;

/**
 * Parses a number of seconds and returns milliseconds; undefined if the text is not such a number,
 * or is out of the range of {@link secondsRange}.
 */
export function parseSeconds(text: string): number | undefined {
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
  const limitMs = Math.round(Number(text) * 1_000);
  return limitMs >= 1 && limitMs <= longestMs ? limitMs : undefined;
}

/**
 * Checks a time limit that the caller gave in milliseconds; undefined means: no limit.
 *
 * @throws {WinnodeError} `ERR_USAGE`.
 */
export function requireLimitMs(limitMs: number | undefined): number | undefined {
  if (limitMs === undefined || (limitMs >= 1 && limitMs <= longestMs)) return limitMs;
  throw new WinnodeError(
    'ERR_USAGE',
    `timeLimitMs is ${limitMs}, which is out of range.`,
    `Pass a number of milliseconds from 1 to ${longestMs}, or undefined for no limit.`,
  );
}

/**
 * How long Wine and Windows Node may take to start, in milliseconds: `WINNODE_START_LIMIT`, in
 * seconds, or 60 s. A start takes 2 s on a laptop.
 *
 * @throws {WinnodeError} `ERR_USAGE` if the variable is not a number of seconds in range.
 */
export function startLimitMs(env: NodeJS.ProcessEnv): number {
  const asked = env['WINNODE_START_LIMIT'];
  if (!asked) return 60_000;
  const limitMs = parseSeconds(asked);
  if (limitMs !== undefined) return limitMs;
  throw new WinnodeError(
    'ERR_USAGE',
    `WINNODE_START_LIMIT is "${asked}", which is not a number of seconds ${secondsRange}.`,
    'Set it to a number of seconds, for example 60, or unset it.',
  );
}
